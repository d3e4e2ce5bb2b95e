output "balancer" {
  description = "What the name of public_url has to lead to."
  value       = aws_lb.front.dns_name
}

output "root_key_secret" {
  description = "Where the root key goes, once, before the first node starts."
  value       = aws_secretsmanager_secret.root_key.name
}

output "settings" {
  description = "For cloudrepo doctor and cloudrepo move, as cloudrepo.json."
  value = jsonencode({
    blobs          = "s3"
    s3Bucket       = aws_s3_bucket.blobs.bucket
    s3Region       = var.region
    metadata       = "dynamodb"
    dynamodbTable  = aws_dynamodb_table.rows.name
    dynamodbRegion = var.region
    rootKey        = "./root.key"
  })
}
