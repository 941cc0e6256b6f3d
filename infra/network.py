"""The network: a VPC of our own, or one that is there; one way out; a way to the existing Aurora and no further.

Addresses: 10.0.0.0/24 makes the public /27 .0 and .32 and the private /26 .64 and .128.
"""

from typing import Any

from aws_cdk import Fn
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra import tags
from infra.stack import Part, Stage, allow, arn, either_text, every, only, policy, trust

# iptables is not on the image; the instance has a public address, so it can fetch it.
_NAT_BOOT = """#!/bin/bash
set -euo pipefail
dnf install -y iptables-services
echo net.ipv4.ip_forward=1 > /etc/sysctl.d/nat.conf
sysctl -p /etc/sysctl.d/nat.conf
way_out=$(ip -o route get 192.0.2.1 | sed 's/.* dev \\([^ ]*\\).*/\\1/')
iptables -t nat -A POSTROUTING -o "$way_out" -j MASQUERADE
iptables -F FORWARD
service iptables save
systemctl enable --now iptables
"""


class Network(Part):
    """VPC, subnets, ways out, the tasks' security group, and the peering."""

    def __init__(self, scope: Construct, stage: Stage) -> None:
        super().__init__(scope, "network", stage, "VPC or an existing one, NAT, S3 endpoint, flow logs, peering")
        self._parameters()
        self._conditions()
        self._vpc()
        self._subnets()
        self._gateway()
        self._instance()
        self._endpoint()
        self._flow_logs()
        self._tasks()
        self._peering()
        self._exports()

    def _parameters(self) -> None:
        self.existing = self.text("ExistingVpcId", "Take this VPC instead of making one; empty: make one.", "")
        self.existing_public = self.text("ExistingPublicSubnetIds", "Two public subnets of it, by comma.", "")
        self.existing_private = self.text("ExistingPrivateSubnetIds", "Two private subnets of it, by comma.", "")
        self.cidr = self.text(
            "VpcCidr", "Addresses of the new VPC: a /24 that the peer does not use.", "10.0.0.0/24",
            allowed_pattern=r"^(\d{1,3}\.){3}0/24$",
        )  # fmt: skip
        self.nat = self.text(
            "NatKind", "The way out: a gateway ($33 a month) or a t4g.nano instance ($3).", "gateway",
            allowed=("gateway", "instance"),
        )  # fmt: skip
        self.image = self.text(
            "NatImage", "The image of the NAT instance.",
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
            type="AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
        )  # fmt: skip
        self.peer = self.text("PeerVpcId", "The VPC where the existing Aurora lives; empty: no peering.", "")
        self.peer_cidr = self.text("PeerVpcCidr", "Its addresses.", "10.1.0.0/16")
        self.peer_table = self.text(
            "PeerRouteTableId", "The route table of Aurora's subnets; empty: add it by hand.", ""
        )
        self.database_group = self.text(
            "DatabaseSecurityGroupId", "The existing Aurora's security group: 5432 is opened to our tasks only.", ""
        )

    def _conditions(self) -> None:
        self.new = self.absent("MakesVpc", self.existing)
        gateway = Fn.condition_equals(self.nat, "gateway")
        self.by_gateway = self.when("NatGateway", every(self.new, gateway))
        self.by_instance = self.when("NatInstance", every(self.new, Fn.condition_not(gateway)))
        peered = Fn.condition_not(Fn.condition_equals(self.peer, ""))
        self.peered = self.when("Peered", every(self.new, peered))
        self.peer_routed = self.when(
            "PeerRouted",
            every(self.new, peered, Fn.condition_not(Fn.condition_equals(self.peer_table, ""))),
        )
        self.opened = self.given("OpensDatabase", self.database_group)

    def _vpc(self) -> None:
        self.vpc = ec2.CfnVPC(
            self, "ObservabilityVpc", cidr_block=self.cidr, enable_dns_hostnames=True, enable_dns_support=True
        )
        self.internet = ec2.CfnInternetGateway(self, "ObservabilityInternetGateway")
        self.attached = ec2.CfnVPCGatewayAttachment(
            self, "ObservabilityInternetAttachment", vpc_id=self.vpc.ref, internet_gateway_id=self.internet.ref
        )
        only(self.new, self.vpc, self.internet, self.attached)
        tags.put(self.vpc, tags.NETWORKING, Purpose="Isolation")
        tags.put(self.internet, tags.NETWORKING, NetworkTier="Public")

    def _subnets(self) -> None:
        self.public = [self._subnet("Public", zone, Fn.select(zone, Fn.cidr(self.cidr, 2, "5"))) for zone in (0, 1)]
        # The first /26 is where the two /27 lie.
        self.private = [
            self._subnet("Private", zone, Fn.select(zone + 1, Fn.cidr(self.cidr, 3, "6"))) for zone in (0, 1)
        ]
        self.public_table = self._table("Public", self.public)
        self.private_table = self._table("Private", self.private)
        way = ec2.CfnRoute(
            self, "ObservabilityPublicRoute", route_table_id=self.public_table.ref,
            destination_cidr_block="0.0.0.0/0", gateway_id=self.internet.ref,
        )  # fmt: skip
        way.add_resource_dependency(self.attached)
        only(self.new, way)

    def _subnet(self, tier: str, zone: int, cidr: str) -> ec2.CfnSubnet:
        subnet = ec2.CfnSubnet(
            self, f"Observability{tier}Subnet{zone + 1}", vpc_id=self.vpc.ref, cidr_block=cidr,
            availability_zone=Fn.select(zone, Fn.get_azs()), map_public_ip_on_launch=False,
        )  # fmt: skip
        only(self.new, subnet)
        tags.put(subnet, tags.NETWORKING, NetworkTier=tier)
        return subnet

    def _table(self, tier: str, subnets: list[ec2.CfnSubnet]) -> ec2.CfnRouteTable:
        table = ec2.CfnRouteTable(self, f"Observability{tier}Routes", vpc_id=self.vpc.ref)
        only(self.new, table)
        tags.put(table, tags.NETWORKING, NetworkTier=tier)
        for number, subnet in enumerate(subnets, 1):
            joined = ec2.CfnSubnetRouteTableAssociation(
                self, f"Observability{tier}Routes{number}", route_table_id=table.ref, subnet_id=subnet.ref
            )
            only(self.new, joined)
        return table

    def _gateway(self) -> None:
        """One gateway in one zone: a second costs $33, and what it would save is minutes of collecting a year."""
        address = ec2.CfnEIP(self, "ObservabilityNatAddress", domain="vpc")
        gateway = ec2.CfnNatGateway(
            self, "ObservabilityNatGateway", subnet_id=self.public[0].ref, allocation_id=address.attr_allocation_id
        )
        gateway.add_resource_dependency(self.attached)
        route = ec2.CfnRoute(
            self, "ObservabilityNatRoute", route_table_id=self.private_table.ref,
            destination_cidr_block="0.0.0.0/0", nat_gateway_id=gateway.ref,
        )  # fmt: skip
        only(self.by_gateway, address, gateway, route)
        tags.put(address, tags.NETWORKING, NetworkTier="Public", Purpose="Nat")
        tags.put(gateway, tags.NETWORKING, NetworkTier="Public", Purpose="Nat")

    def _instance(self) -> None:
        group = ec2.CfnSecurityGroup(
            self, "ObservabilityNatGroup", vpc_id=self.vpc.ref, group_description="The NAT instance",
            security_group_ingress=[_open("-1", cidr=self.cidr, text="what our subnets send out")],
            security_group_egress=[_open("-1", cidr="0.0.0.0/0", text="to the internet")],
        )  # fmt: skip
        instance = ec2.CfnInstance(
            self, "ObservabilityNatInstance", image_id=self.image, instance_type="t4g.nano", source_dest_check=False,
            user_data=Fn.base64(_NAT_BOOT), ebs_optimized=True,
            network_interfaces=[
                {"deviceIndex": "0", "associatePublicIpAddress": True, "subnetId": self.public[0].ref,
                 "groupSet": [group.ref], "deleteOnTermination": True},
            ],
            block_device_mappings=[
                {"deviceName": "/dev/xvda", "ebs": {"volumeSize": 8, "volumeType": "gp3", "encrypted": True}}
            ],
        )  # fmt: skip
        instance.add_property_override("MetadataOptions", {"HttpTokens": "required", "HttpEndpoint": "enabled"})
        instance.add_resource_dependency(self.attached)
        route = ec2.CfnRoute(
            self, "ObservabilityNatInstanceRoute", route_table_id=self.private_table.ref,
            destination_cidr_block="0.0.0.0/0", instance_id=instance.ref,
        )  # fmt: skip
        only(self.by_instance, group, instance, route)
        tags.put(group, tags.SECURITY, Purpose="Nat")
        tags.put(instance, tags.NETWORKING, NetworkTier="Public", Purpose="Nat")

    def _endpoint(self) -> None:
        """S3 without the NAT: free, and recordings are most of what leaves."""
        endpoint = ec2.CfnVPCEndpoint(
            self, "ObservabilityS3Endpoint", vpc_id=self.vpc.ref, vpc_endpoint_type="Gateway",
            service_name=Fn.sub("com.amazonaws.${AWS::Region}.s3"), route_table_ids=[self.private_table.ref],
        )  # fmt: skip
        only(self.new, endpoint)
        tags.put(endpoint, tags.NETWORKING, NetworkTier="Private")

    def _flow_logs(self) -> None:
        group = logs.CfnLogGroup(
            self, "ObservabilityFlowLogs", log_group_name=Fn.sub("/observability/${Stage}/flow"), retention_in_days=90
        )
        role = iam.CfnRole(
            self, "ObservabilityFlowLogsRole",
            assume_role_policy_document=trust(
                "vpc-flow-logs.amazonaws.com", StringEquals={"aws:SourceAccount": Fn.ref("AWS::AccountId")}
            ),
            policies=[
                {"policyName": "write", "policyDocument": policy(
                    allow(["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"], group.attr_arn),
                    allow(["logs:DescribeLogGroups"], arn("logs", "log-group:*")),
                )}
            ],
        )  # fmt: skip
        flow = ec2.CfnFlowLog(
            self, "ObservabilityFlowLog", resource_id=self.vpc.ref, resource_type="VPC", traffic_type="REJECT",
            log_destination_type="cloud-watch-logs", log_group_name=group.ref,
            deliver_logs_permission_arn=role.attr_arn, max_aggregation_interval=600,
        )  # fmt: skip
        only(self.new, group, role, flow)
        tags.put(group, tags.NETWORKING, DataType="Logs", RetentionPeriod="90days")
        tags.put(role, tags.IAM, Purpose="FlowLogs", AccessLevel="Write")
        tags.put(flow, tags.NETWORKING, DataType="Logs")

    def _tasks(self) -> None:
        self.tasks = ec2.CfnSecurityGroup(
            self, "ObservabilityTaskGroup", group_description="Tasks of Sightline",
            vpc_id=either_text(self.new, self.vpc.ref, self.existing),
            security_group_egress=[
                _open("tcp", 443, cidr="0.0.0.0/0", text="AWS services, through the NAT and the S3 endpoint"),
                _open("tcp", 5432, cidr=self.cidr, text="a database in our VPC"),
                _open("tcp", 5432, cidr=self.peer_cidr, text="the existing database in its VPC"),
            ],
        )  # fmt: skip
        tags.put(self.tasks, tags.SECURITY, Purpose="ECSAccess", NetworkTier="Private")
        rule = ec2.CfnSecurityGroupIngress(
            self, "ObservabilityDatabaseRule", group_id=self.database_group, ip_protocol="tcp", from_port=5432,
            to_port=5432, source_security_group_id=self.tasks.attr_group_id, description="Tasks of Sightline",
        )  # fmt: skip
        only(self.opened, rule)

    def _peering(self) -> None:
        peering = ec2.CfnVPCPeeringConnection(self, "ObservabilityPeering", vpc_id=self.vpc.ref, peer_vpc_id=self.peer)
        there = ec2.CfnRoute(
            self, "ObservabilityPeerRoute", route_table_id=self.private_table.ref,
            destination_cidr_block=self.peer_cidr, vpc_peering_connection_id=peering.ref,
        )  # fmt: skip
        back = ec2.CfnRoute(
            self, "ObservabilityPeerRouteBack", route_table_id=self.peer_table, destination_cidr_block=self.cidr,
            vpc_peering_connection_id=peering.ref,
        )  # fmt: skip
        only(self.peered, peering, there)
        only(self.peer_routed, back)
        tags.put(peering, tags.NETWORKING, Purpose="DatabaseAccess", NetworkTier="Private")

    def _exports(self) -> None:
        self.export("VpcId", either_text(self.new, self.vpc.ref, self.existing), "The VPC")
        public = Fn.join(",", [subnet.ref for subnet in self.public])
        private = Fn.join(",", [subnet.ref for subnet in self.private])
        self.export("PublicSubnetIds", either_text(self.new, public, self.existing_public), "Public subnets")
        self.export("PrivateSubnetIds", either_text(self.new, private, self.existing_private), "Private subnets")
        self.export("TaskSecurityGroupId", self.tasks.attr_group_id, "The security group of Sightline's tasks")


def _open(protocol: str, port: int | None = None, *, cidr: str, text: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"ipProtocol": protocol, "cidrIp": cidr, "description": text}
    return rule if port is None else {**rule, "fromPort": port, "toPort": port}
