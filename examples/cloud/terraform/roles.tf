data "aws_iam_policy_document" "nodes_may_take" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

locals {
  places = {
    bucket  = aws_s3_bucket.blobs.arn
    table   = aws_dynamodb_table.rows.arn
    keys    = aws_dynamodb_table.keys.arn
    kms     = aws_kms_key.data.arn
    region  = var.region
    secret  = aws_secretsmanager_secret.root_key.arn
    release = "arn:aws:s3:::${var.release_bucket}/${var.release_key}"
  }
}

resource "aws_iam_role" "node" {
  name               = "${var.name}-node"
  assume_role_policy = data.aws_iam_policy_document.nodes_may_take.json
}

# What the drivers call, and nothing else.
resource "aws_iam_role_policy" "node" {
  name   = "serve"
  role   = aws_iam_role.node.id
  policy = templatefile("${path.module}/policies/node.json", local.places)
}

# What `cloudrepo doctor`, and each start, look at besides; without it they say what they could not see.
resource "aws_iam_role_policy" "doctor" {
  name   = "doctor"
  role   = aws_iam_role.node.id
  policy = templatefile("${path.module}/policies/doctor.json", local.places)
}

resource "aws_iam_instance_profile" "node" {
  name = "${var.name}-node"
  role = aws_iam_role.node.name
}
