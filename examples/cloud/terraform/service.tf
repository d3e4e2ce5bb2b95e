resource "aws_security_group" "balancer" {
  name_prefix = "${var.name}-balancer-"
  description = "Clients to the balancer"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each          = toset(var.client_cidrs)
  security_group_id = aws_security_group.balancer.id
  description       = "https"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = each.value
}

resource "aws_vpc_security_group_egress_rule" "to_nodes" {
  security_group_id            = aws_security_group.balancer.id
  description                  = "Balancer to nodes"
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8080
  referenced_security_group_id = aws_security_group.node.id
}

resource "aws_security_group" "node" {
  name_prefix = "${var.name}-node-"
  description = "Nodes"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "from_balancer" {
  security_group_id            = aws_security_group.node.id
  description                  = "Balancer to nodes"
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8080
  referenced_security_group_id = aws_security_group.balancer.id
}

# S3, DynamoDB, KMS, the secret; and upstreams, where repositories are proxies of them.
resource "aws_vpc_security_group_egress_rule" "out" {
  security_group_id = aws_security_group.node.id
  description       = "https"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_lb" "front" {
  name                       = var.name
  load_balancer_type         = "application"
  subnets                    = var.balancer_subnet_ids
  security_groups            = [aws_security_group.balancer.id]
  drop_invalid_header_fields = true
  # A large upload may wait for its answer longer than the usual minute.
  idle_timeout = 300
}

resource "aws_lb_target_group" "nodes" {
  name     = var.name
  port     = 8080
  protocol = "HTTP"
  vpc_id   = var.vpc_id
  # A node that goes down finishes its uploads within a minute, and is gone in ninety seconds.
  deregistration_delay = 100

  health_check {
    path                = "/-/health"
    matcher             = "200"
    interval            = 5
    timeout             = 4
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.front.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.nodes.arn
  }
}

resource "aws_launch_template" "node" {
  name_prefix            = "${var.name}-"
  image_id               = var.ami_id
  instance_type          = var.instance_type
  vpc_security_group_ids = [aws_security_group.node.id]
  update_default_version = true

  iam_instance_profile {
    arn = aws_iam_instance_profile.node.arn
  }

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_size = var.spool_gib
      volume_type = "gp3"
      encrypted   = true
    }
  }

  user_data = base64encode(templatefile("${path.module}/node-start.sh", {
    region     = var.region
    release    = "s3://${var.release_bucket}/${var.release_key}"
    secret     = aws_secretsmanager_secret.root_key.arn
    bucket     = aws_s3_bucket.blobs.bucket
    table      = aws_dynamodb_table.rows.name
    public_url = var.public_url
    vpc_cidr   = var.vpc_cidr
  }))
}

resource "aws_autoscaling_group" "nodes" {
  name                      = var.name
  min_size                  = var.nodes
  max_size                  = 2 * var.nodes
  desired_capacity          = var.nodes
  vpc_zone_identifier       = var.node_subnet_ids
  target_group_arns         = [aws_lb_target_group.nodes.arn]
  health_check_type         = "ELB"
  health_check_grace_period = 120
  # Before the first node starts the bucket is what it shall be.
  depends_on = [
    aws_s3_bucket_policy.blobs,
    aws_s3_bucket_lifecycle_configuration.blobs,
    aws_iam_role_policy.node,
    aws_iam_role_policy.doctor,
    aws_dynamodb_table.keys,
  ]

  launch_template {
    id      = aws_launch_template.node.id
    version = aws_launch_template.node.latest_version
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 100
      max_healthy_percentage = 200
    }
  }
}
