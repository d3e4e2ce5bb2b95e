#!/bin/bash
# Runs once on each new node, as root. Terraform fills in what stands in braces.
set -euo pipefail

useradd --system --home-dir /var/lib/cloudrepo --shell /usr/sbin/nologin cloudrepo
install -d -o cloudrepo -g cloudrepo -m 0700 /var/lib/cloudrepo /var/lib/cloudrepo/data
install -d /opt/cloudrepo /etc/cloudrepo

aws s3 cp --region '${region}' '${release}' - | tar -xz -C /opt/cloudrepo

cat > /etc/cloudrepo/cloudrepo.json <<'SETTINGS'
{
  "listen": "0.0.0.0:8080",
  "publicUrl": "${public_url}",
  "trustedProxies": ["${vpc_cidr}"],
  "data": "/var/lib/cloudrepo/data",
  "rootKey": "/run/cloudrepo/root.key",
  "workers": 2,
  "blobs": "s3",
  "s3Bucket": "${bucket}",
  "s3Region": "${region}",
  "metadata": "dynamodb",
  "dynamodbTable": "${table}",
  "dynamodbRegion": "${region}",
  "sample": "off"
}
SETTINGS

# The root key lies in memory alone, readable by its user; it is fetched anew at each start of the service.
cat > /usr/local/sbin/cloudrepo-root-key <<'KEY'
#!/bin/bash
set -euo pipefail
umask 0277
aws secretsmanager get-secret-value --region '${region}' --secret-id '${secret}' \
  --query SecretString --output text > /run/cloudrepo/root.key.new
chown cloudrepo:cloudrepo /run/cloudrepo/root.key.new
mv -f /run/cloudrepo/root.key.new /run/cloudrepo/root.key
KEY
chmod 0755 /usr/local/sbin/cloudrepo-root-key

cat > /etc/systemd/system/cloudrepo.service <<'UNIT'
[Unit]
Description=cloudrepo
After=network-online.target
Wants=network-online.target

[Service]
User=cloudrepo
RuntimeDirectory=cloudrepo
RuntimeDirectoryMode=0700
ExecStartPre=+/usr/local/sbin/cloudrepo-root-key
ExecStart=/usr/bin/node /opt/cloudrepo/dist/host/launch.cjs serve --config /etc/cloudrepo/cloudrepo.json
Restart=always
RestartSec=2
# It drains for a minute and a half at most (host/README.md).
TimeoutStopSec=100
KillMode=mixed
LimitNOFILE=65536
NoNewPrivileges=true
ProtectSystem=strict
ReadWritePaths=/var/lib/cloudrepo
PrivateTmp=true

[Install]
WantedBy=multi-user.target
UNIT

systemctl daemon-reload
systemctl enable --now cloudrepo.service
