variable "name" {
  description = "What everything is called: lower-case letters, digits and dashes."
  type        = string
  default     = "cloudrepo"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "3 to 31 lower-case letters, digits and dashes are expected, a letter first."
  }
}

variable "region" {
  description = "Where it lies."
  type        = string
}

variable "bucket" {
  description = "Name of the bucket: unique in the world."
  type        = string
}

variable "vpc_id" {
  description = "The network that nodes and balancer stand in."
  type        = string
}

variable "vpc_cidr" {
  description = "Its addresses: the balancer is believed when it says whom it speaks for."
  type        = string
}

variable "node_subnet_ids" {
  description = "Private subnets in two zones or more, with a way to S3 and DynamoDB (gateway endpoints)."
  type        = list(string)
}

variable "balancer_subnet_ids" {
  description = "Public subnets in two zones or more."
  type        = list(string)
}

variable "client_cidrs" {
  description = "Who may reach the balancer."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "public_url" {
  description = "What clients call it, such as https://repo.example.com/: the certificate's name."
  type        = string
}

variable "certificate_arn" {
  description = "Certificate of the balancer."
  type        = string
}

variable "ami_id" {
  description = "Image of the nodes, with Node 22 or newer, the AWS command line and systemd."
  type        = string
}

variable "release_bucket" {
  description = "Bucket of the built release: an archive of the clone after npm start has built it once, with node_modules."
  type        = string
}

variable "release_key" {
  description = "Its key, such as cloudrepo-0.1.0.tar.gz."
  type        = string
}

variable "instance_type" {
  description = "Kind of the nodes."
  type        = string
  default     = "m7g.large"
}

variable "nodes" {
  description = "How many serve; twice as many stand for a moment while a release is rolled out."
  type        = number
  default     = 3
}

variable "spool_gib" {
  description = "Disk of each node: uploads on their way lie there."
  type        = number
  default     = 100
}
