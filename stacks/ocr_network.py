"""A network for jobs that call out and are never called: public subnets, no NAT, S3 by a gateway of its own."""

from aws_cdk import aws_ec2 as ec2
from constructs import Construct


class OcrNetwork(Construct):
    """Two subnets whose jobs get public addresses, and a security group that lets nothing in and only HTTPS out."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public", subnet_type=ec2.SubnetType.PUBLIC, map_public_ip_on_launch=False
                )  # a job asks for its address itself
            ],
            restrict_default_security_group=False,  # doing so takes a custom resource; nothing uses that group
            gateway_endpoints={"S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)},
        )
        group = ec2.SecurityGroup(
            self, "Jobs", vpc=vpc, description="OCR jobs: nothing in, HTTPS out", allow_all_outbound=False
        )
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "S3, ECR, logs, secret and the OCR service")
        self.subnet_ids = [subnet.subnet_id for subnet in vpc.public_subnets]
        self.security_group_ids = [group.security_group_id]
        self.ways_out = [subnet.internet_connectivity_established for subnet in vpc.public_subnets]
