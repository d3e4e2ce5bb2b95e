import java.io.File;
import java.util.ArrayList;
import java.util.List;
import org.gradle.api.internal.StartParameterInternal;
import org.gradle.api.logging.LogLevel;
import org.gradle.initialization.DefaultBuildCancellationToken;
import org.gradle.initialization.DefaultBuildRequestContext;
import org.gradle.initialization.DefaultBuildRequestMetaData;
import org.gradle.initialization.NoOpBuildEventConsumer;
import org.gradle.internal.buildprocess.BuildProcessState;
import org.gradle.internal.classpath.ClassPath;
import org.gradle.internal.instrumentation.agent.AgentStatus;
import org.gradle.internal.logging.LoggingManagerInternal;
import org.gradle.internal.logging.services.LoggingServiceRegistry;
import org.gradle.internal.nativeintegration.services.NativeServices;
import org.gradle.internal.service.ServiceRegistry;
import org.gradle.launcher.exec.BuildActionResult;
import org.gradle.launcher.exec.BuildExecutor;
import org.gradle.launcher.exec.DefaultBuildActionParameters;
import org.gradle.tooling.internal.provider.action.ExecuteBuildAction;

/** Gradle's own build, in this process: what its command line does, which no package registry has. USER-HOME PROJECT (-Pkey=value | task)... */
public class GradleBuild {
    public static void main(String[] words) {
        File userHome = new File(words[0]).getAbsoluteFile();
        File project = new File(words[1]).getAbsoluteFile();
        ServiceRegistry logging = LoggingServiceRegistry.newCommandLineProcessLogging();
        NativeServices.initializeOnClient(userHome, NativeServices.NativeServicesMode.DISABLED);
        LoggingManagerInternal manager = logging.getFactory(LoggingManagerInternal.class).create();
        manager.setLevelInternal(LogLevel.LIFECYCLE);
        manager.attachSystemOutAndErr();
        manager.start();
        BuildProcessState process =
            new BuildProcessState(false, AgentStatus.disabled(), ClassPath.EMPTY, logging, NativeServices.getInstance());
        StartParameterInternal start = new StartParameterInternal();
        start.setGradleUserHomeDir(userHome);
        start.setProjectDir(project);
        start.setCurrentDir(project);
        List<String> tasks = new ArrayList<>();
        for (int at = 2; at < words.length; at++) {
            if (!words[at].startsWith("-P")) {
                tasks.add(words[at]);
                continue;
            }
            String[] pair = words[at].substring(2).split("=", 2);
            start.getProjectProperties().put(pair[0], pair[1]);
        }
        start.setTaskNames(tasks);
        BuildActionResult result = process.getServices().get(BuildExecutor.class).execute(
            new ExecuteBuildAction(start),
            new DefaultBuildActionParameters(System.getProperties(), System.getenv(), project, LogLevel.LIFECYCLE, false, ClassPath.EMPTY),
            new DefaultBuildRequestContext(
                new DefaultBuildRequestMetaData(System.currentTimeMillis()),
                new DefaultBuildCancellationToken(),
                new NoOpBuildEventConsumer()));
        System.exit(result.hasFailure() ? 1 : 0);
    }
}
