package aws

// gateways holds ways out of a VPC, and machines in it.
var gateways = map[string]*Type{
	"aws:ec2/internetGateway:InternetGateway": {
		ID:      "igw-{hex17}",
		ARN:     "ec2:{region}:{account}:internet-gateway/{id}",
		Unique:  "{vpcId}",
		Outputs: Props{"ownerId": "{account}"},
		Later:   "vpcId",
	},
	"aws:ec2/internetGatewayAttachment:InternetGatewayAttachment": {
		ID:       "{internetGatewayId}:{vpcId}",
		Unique:   "{vpcId}",
		Required: "internetGatewayId vpcId",
		ForceNew: "internetGatewayId vpcId",
		Untagged: true,
	},
	"aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": {
		ID:       "eigw-{hex17}",
		Required: "vpcId",
		ForceNew: "vpcId",
	},
	"aws:ec2/carrierGateway:CarrierGateway": {
		ID:       "cagw-{hex17}",
		ARN:      "ec2:{region}:{account}:carrier-gateway/{id}",
		Required: "vpcId",
		ForceNew: "vpcId",
		Outputs:  Props{"ownerId": "{account}"},
	},
	"aws:ec2/natGateway:NatGateway": {
		ID:       "nat-{hex17}",
		Required: "subnetId",
		ForceNew: "allocationId connectivityType privateIp subnetId",
		Defaults: Props{"connectivityType": "public"},
		Outputs: Props{
			"associationId": "eipassoc-{hex17}", "networkInterfaceId": "eni-{hex17}", "privateIp": "10.0.0.{octet}",
			"publicIp": "198.51.100.{octet}",
		},
		Later: "secondaryPrivateIpAddressCount secondaryPrivateIpAddresses",
		Rules: Rules{
			"connectivityType": oneOf("public", "private"),
		},
		Check: checkNatGateway,
	},
	"aws:ec2/eip:Eip": {
		ID:       "eipalloc-{hex17}",
		ARN:      "ec2:{region}:{account}:elastic-ip/{id}",
		ForceNew: "address domain ipamPoolId networkBorderGroup publicIpv4Pool vpc",
		Outputs: Props{
			"allocationId": "{id}", "domain": "vpc", "networkBorderGroup": "{region}",
			"publicDns": "ec2-203-0-113-{octet}.compute-1.{dns}", "publicIp": "203.0.113.{octet}",
			"publicIpv4Pool": "amazon",
		},
		Later: "associationId carrierIp customerOwnedIp instance ipamPoolId networkInterface privateDns privateIp ptrRecord vpc",
	},
	"aws:ec2/eipAssociation:EipAssociation": {
		ID:       "eipassoc-{hex17}",
		ForceNew: "allocationId allowReassociation instanceId networkInterfaceId privateIpAddress publicIp",
		Later:    "allocationId instanceId networkInterfaceId privateIpAddress publicIp",
		Untagged: true,
	},
	"aws:ec2/vpcPeeringConnection:VpcPeeringConnection": {
		ID:       "pcx-{hex17}",
		Required: "peerVpcId vpcId",
		ForceNew: "peerOwnerId peerRegion peerVpcId vpcId",
		Outputs:  Props{"acceptStatus": "pending-acceptance", "peerOwnerId": "{account}", "peerRegion": "{region}"},
		Later:    "accepter requester",
	},
	"aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter": {
		ID:       "{vpcPeeringConnectionId}",
		Unique:   "{vpcPeeringConnectionId}",
		Required: "vpcPeeringConnectionId",
		ForceNew: "vpcPeeringConnectionId",
		Outputs: Props{
			"acceptStatus": "active", "peerOwnerId": "{account}", "peerRegion": "{region}", "peerVpcId": "vpc-{hex17}", "vpcId": "vpc-{hex17}",
		},
		Later: "accepter requester",
	},
	"aws:ec2/vpnGatewayAttachment:VpnGatewayAttachment": {
		ID:       "vpn-attachment-{hex17}",
		Unique:   "{vpnGatewayId} {vpcId}",
		Required: "vpcId vpnGatewayId",
		ForceNew: "vpcId vpnGatewayId",
		Untagged: true,
	},
	"aws:networkmanager/vpcAttachment:VpcAttachment": {
		ID:       "attachment-{hex17}",
		ARN:      "networkmanager::{account}:attachment/{id}",
		Unique:   "{coreNetworkId}/{vpcArn}",
		Required: "coreNetworkId subnetArns vpcArn",
		ForceNew: "coreNetworkId vpcArn",
		Outputs: Props{
			"attachmentPolicyRuleNumber": 100, "attachmentType": "VPC", "coreNetworkArn": "arn:{partition}:networkmanager::{account}:core-network/{coreNetworkId}",
			"edgeLocation": "{region}", "ownerAccountId": "{account}", "resourceArn": "{vpcArn}", "segmentName": "shared", "state": "AVAILABLE",
		},
		Later: "options",
	},
	"aws:ec2transitgateway/vpcAttachment:VpcAttachment": {
		ID:       "tgw-attach-{hex17}",
		ARN:      "ec2:{region}:{account}:transit-gateway-attachment/{id}",
		Required: "subnetIds transitGatewayId vpcId",
		ForceNew: "transitGatewayId vpcId",
		Defaults: Props{"applianceModeSupport": "disable", "dnsSupport": "enable", "ipv6Support": "disable"},
		Outputs: Props{
			"securityGroupReferencingSupport": "enable", "transitGatewayDefaultRouteTableAssociation": true,
			"transitGatewayDefaultRouteTablePropagation": true, "vpcOwnerId": "{account}",
		},
	},
	"aws:ec2transitgateway/transitGateway:TransitGateway": {
		ID:       "tgw-{hex17}",
		ARN:      "ec2:{region}:{account}:transit-gateway/{id}",
		ForceNew: "multicastSupport",
		Defaults: Props{
			"amazonSideAsn": 64512, "autoAcceptSharedAttachments": "disable", "defaultRouteTableAssociation": "enable",
			"defaultRouteTablePropagation": "enable", "dnsSupport": "enable", "multicastSupport": "disable",
			"securityGroupReferencingSupport": "disable", "vpnEcmpSupport": "enable",
		},
		Outputs: Props{
			"associationDefaultRouteTableId": "tgw-rtb-{hex17}", "ownerId": "{account}",
			"propagationDefaultRouteTableId": "{associationDefaultRouteTableId}",
		},
	},
	"aws:ec2/instance:Instance": {
		ID:  "i-{hex17}",
		ARN: "ec2:{region}:{account}:instance/{id}",
		ForceNew: `ami associatePublicIpAddress availabilityZone cpuCoreCount cpuOptions.amdSevSnp cpuOptions.coreCount
			cpuOptions.threadsPerCore cpuThreadsPerCore ebsBlockDevices ebsOptimized enclaveOptions.enabled hibernation hostId
			instanceMarketOptions.marketType instanceMarketOptions.spotOptions.instanceInterruptionBehavior
			instanceMarketOptions.spotOptions.maxPrice instanceMarketOptions.spotOptions.spotInstanceType
			instanceMarketOptions.spotOptions.validUntil ipv6Addresses keyName networkInterfaces placementGroup
			placementPartitionNumber privateIp rootBlockDevice.encrypted rootBlockDevice.kmsKeyId securityGroups subnetId tenancy`,
		Defaults: Props{"getPasswordData": false, "sourceDestCheck": true, "userDataReplaceOnChange": false},
		Outputs: Props{
			"associatePublicIpAddress": false, "availabilityZone": "{region}a", "disableApiTermination": false,
			"ebsOptimized": false, "instanceState": "running", "monitoring": false,
			"primaryNetworkInterfaceId": "eni-{hex17}", "privateDns": "ip-10-0-0-{octet}.ec2.internal",
			"privateIp": "10.0.0.{octet}", "publicDns": "", "publicIp": "", "subnetId": "subnet-{hex17}",
			"tenancy": "default", "vpcSecurityGroupIds": []any{},
		},
		Later: `ami capacityReservationSpecification cpuCoreCount cpuOptions cpuThreadsPerCore disableApiStop ebsBlockDevices
			enablePrimaryIpv6 enclaveOptions ephemeralBlockDevices hostId hostResourceGroupArn iamInstanceProfile
			instanceInitiatedShutdownBehavior instanceLifecycle instanceMarketOptions instanceType ipv6AddressCount ipv6Addresses
			keyName maintenanceOptions metadataOptions networkInterfaces outpostArn passwordData placementGroup
			placementPartitionNumber privateDnsNameOptions rootBlockDevice secondaryPrivateIps securityGroups
			spotInstanceRequestId userData userDataBase64`,
		Check: checkInstance,
		Keep:  keepInstance,
	},
	"aws:ec2/networkInterface:NetworkInterface": {
		ID:       "eni-{hex17}",
		ARN:      "ec2:{region}:{account}:network-interface/{id}",
		Required: "subnetId",
		ForceNew: "interfaceType privateIps subnetId",
		Defaults: Props{"ipv6AddressListEnabled": false, "privateIpListEnabled": false, "sourceDestCheck": true},
		Outputs: Props{
			"macAddress": "02:00:00:00:00:01", "ownerId": "{account}", "privateIp": "10.0.0.{octet}",
			"securityGroups": []any{},
		},
		Later: `attachments enablePrimaryIpv6 interfaceType ipv4PrefixCount ipv4Prefixes ipv6AddressCount ipv6AddressLists
			ipv6Addresses ipv6PrefixCount ipv6Prefixes outpostArn privateDnsName privateIpLists privateIps privateIpsCount`,
	},
	"aws:ec2/launchTemplate:LaunchTemplate": {
		ID:   "lt-{hex17}",
		ARN:  "ec2:{region}:{account}:launch-template/{id}",
		Name: "name", NameMax: 128,
		Unique:   "{name}",
		ForceNew: "name namePrefix",
		Outputs:  Props{"defaultVersion": 1, "latestVersion": 1},
		Later:    "metadataOptions name namePrefix",
	},
}
