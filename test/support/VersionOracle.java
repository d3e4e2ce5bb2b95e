import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.eclipse.aether.util.version.GenericVersionScheme;
import org.eclipse.aether.version.Version;

/** Reads pairs of versions, a tab between, and prints the sign of their comparison. */
public class VersionOracle {
    public static void main(String[] arguments) throws Exception {
        GenericVersionScheme scheme = new GenericVersionScheme();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        StringBuilder answers = new StringBuilder();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] pair = line.split("\t", -1);
            Version left = scheme.parseVersion(pair[0]);
            answers.append(Integer.signum(left.compareTo(scheme.parseVersion(pair[1])))).append('\n');
        }
        System.out.print(answers);
    }
}
