import type { ProtocolPlugin } from '#core'
import { deleteFile, deleteFolder, getFile, putFile, putFolder, putRoot } from './files.js'
import { uploadForm } from './form-upload.js'
import { keeping } from './keeping.js'
import { listFolder, listRoot } from './listing.js'
import { pathRules } from './path-rules.js'
import { renderRawError } from './raw-error.js'
import { announceUploads, uploadRoutes } from './upload-routes.js'
import { webdavRoutes } from './webdav.js'

/** Plain files under plain paths, for curl and whatever else speaks HTTP. */
const raw: ProtocolPlugin = {
  name: 'raw',
  version: '1.0.0',
  contract: 1,
  mounts: [
    {
      scope: 'repository',
      paths: pathRules,
      renderError: renderRawError,
      announce: announceUploads,
      routes: [
        getFile,
        putFile,
        deleteFile,
        listRoot,
        listFolder,
        putRoot,
        putFolder,
        ...uploadRoutes,
        ...webdavRoutes,
        deleteFolder,
        uploadForm,
      ],
    },
  ],
  keeping,
  settings: ({ url }) => [
    {
      client: 'curl',
      text: [
        '# upload, download, list, remove; -u takes your name and password, or any name and a token as the password',
        `curl --fail-with-body -u NAME -T file.txt ${url.href}folder/file.txt`,
        `curl --fail-with-body -u NAME -O ${url.href}folder/file.txt`,
        `curl --fail-with-body -u NAME '${url.href}folder/?format=json'`,
        `curl --fail-with-body -u NAME -X DELETE ${url.href}folder/file.txt`,
        '# with a token alone',
        `curl --fail-with-body -H "Authorization: Bearer $TOKEN" -T file.txt ${url.href}folder/file.txt`,
      ].join('\n'),
    },
  ],
}
export default raw
