using ContainerApi.Containers.Lifecycle;

namespace ContainerApi.Tests.Containers.Lifecycle;

public sealed class PublishedPortsTests
{
    [Theory]
    [InlineData("80", "*:*->80/tcp")]
    [InlineData("80/udp", "*:*->80/udp")]
    [InlineData("8080:80", "*:8080->80/tcp")]
    [InlineData("0:80", "*:*->80/tcp")]
    [InlineData("127.0.0.1:0:80/UDP", "127.0.0.1:*->80/udp")]
    [InlineData("8080-8085:80", "*:8080-8085->80/tcp")]
    [InlineData("8080:80/sctp", "*:8080->80/sctp")]
    [InlineData(":80", "*:*->80/tcp")]
    [InlineData("127.0.0.1:8080:80", "127.0.0.1:8080->80/tcp")]
    [InlineData("127.0.0.1::80", "127.0.0.1:*->80/tcp")]
    [InlineData("[::1]:8080:80/tcp", "::1:8080->80/tcp")]
    [InlineData("[::ffff:1.2.3.4]:1:2", "::ffff:1.2.3.4:1->2/tcp")]
    [InlineData("8000-8002:80-82", "*:8000->80/tcp *:8001->81/tcp *:8002->82/tcp")]
    [InlineData("80-81", "*:*->80/tcp *:*->81/tcp")]
    [InlineData("80-80", "*:*->80/tcp")]
    [InlineData("1:65535", "*:1->65535/tcp")]
    public void Every_form_of_a_port_is_read(string text, string expected)
    {
        var (ports, error) = PublishedPorts.Read(text);

        Assert.Null(error);
        Assert.Equal(
            expected,
            string.Join(' ', ports!.Ports.Select(p => $"{p.HostIp ?? "*"}:{HostPorts(p)}->{p.ContainerPort}/{p.Protocol}")));
    }

    private static string HostPorts(PublishedPort port) => port switch
    {
        { LastHostPort: { } last } => $"{port.HostPort}-{last}",
        { HostPort: { } one } => $"{one}",
        _ => "*",
    };

    [Fact]
    public void Range_of_all_ports_is_read() => Assert.Equal(65535, PublishedPorts.Read("1-65535:1-65535").Value!.Ports.Count());

    [Theory]
    [InlineData("", "not a port")]
    [InlineData("web", "not a port")]
    [InlineData("80/icmp", "not a port")]
    [InlineData("80/", "not a port")]
    [InlineData("-80", "not a port")]
    [InlineData("80 ", "not a port")]
    [InlineData("80\n", "not a port")]
    [InlineData("1:2:3", "not an IP address")]
    [InlineData("::1:80:80", "not a port")]
    [InlineData("host:80:80", "not a port")]
    [InlineData("１:80", "not a port")]
    [InlineData("127.1:80:80", "not an IP address")]
    [InlineData("300.0.0.1:80:80", "not an IP address")]
    [InlineData("[::1::2]:80:80", "not an IP address")]
    [InlineData("0", "outside 1 to 65535")]
    [InlineData("65536", "outside 1 to 65535")]
    [InlineData("0-5:80", "outside 1 to 65535")]
    [InlineData("82-80", "backwards")]
    [InlineData("8000-8001:80-82", "same length")]
    [InlineData("8000:80-81", "same length")]
    public void Invalid_port_says_why(string text, string reason)
    {
        var (ports, error) = PublishedPorts.Read(text);

        Assert.Null(ports);
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }
}
