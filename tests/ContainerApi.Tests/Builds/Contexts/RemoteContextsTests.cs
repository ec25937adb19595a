using ContainerApi.Builds;
using ContainerApi.Builds.Contexts;

namespace ContainerApi.Tests.Builds.Contexts;

public sealed class RemoteContextsTests
{
    [Theory]
    [InlineData("https://git.example.com/team", "https://git.example.com/team")]
    [InlineData("https://git.example.com/team", "https://git.example.com/team/app.git#v1.0:docker/web")]
    [InlineData("https://git.example.com/team/", "https://GIT.example.com:443/team/app.git#:docker")]
    [InlineData("https://git.example.com", "HTTPS://git.example.com/any.git")]
    [InlineData("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x/context.tar")]
    [InlineData("git://host/", "git://host:9418/a.git#feature/x_y-1")]
    [InlineData("http://[::1]:81/", "http://[::1]:81/a")]
    public void Address_below_an_allowed_prefix_is_accepted(string allowed, string remote) => Assert.NotNull(Open(allowed, remote));

    [Theory]
    [InlineData("https://git.example.com/team", "https://git.example.com/teams/app.git")]
    [InlineData("https://git.example.com/team", "https://git.example.com/")]
    [InlineData("https://git.example.com/team", "https://git.example.com/Team/app.git")]
    [InlineData("https://git.example.com", "https://git.example.com.evil.org/x.git")]
    [InlineData("https://git.example.com", "http://git.example.com/x.git")]
    [InlineData("https://git.example.com", "https://git.example.com:8443/x.git")]
    [InlineData("https://example.com", "https://git.example.com/x.git")]
    [InlineData(null, "https://git.example.com/x.git")]
    [InlineData(null, "not an address")]
    public void Address_outside_every_prefix_is_not_allowed(string? allowed, string remote) =>
        Assert.Equal(ErrorCode.RemoteContextNotAllowed, Assert.Throws<ApiException>(() => Open(allowed, remote)).Code);

    [Theory]
    [InlineData("https://user@git.example.com/x.git")]
    [InlineData("https://git.example.com@evil.org/x.git")]
    [InlineData("https://user:word@git.example.com/x.git")]
    [InlineData("https://git.example.com/team/../other/x.git")]
    [InlineData("https://git.example.com/team/./x.git")]
    [InlineData("https://git.example.com/team/%2e%2e/x.git")]
    [InlineData("https://git.example.com/team%2fx.git")]
    [InlineData("https://git.example.com/team//x.git")]
    [InlineData("https://git.example.com//team/x.git")]
    [InlineData(@"https://git.example.com\team/x.git")]
    [InlineData("https://git.example.com/x.git?y=z")]
    [InlineData("https://git.example.com/x.git#--upload-pack=x")]
    [InlineData("https://git.example.com/x.git#main:../../etc")]
    [InlineData("https://git.example.com/x.git#main:/etc")]
    [InlineData("https://git.example.com/x.git#a#b")]
    [InlineData("https://git.example.com/x.git\n")]
    [InlineData(" https://git.example.com/x.git")]
    [InlineData("https://git.example.com:99999/x.git")]
    [InlineData("https://gıt.example.com/x.git")]
    [InlineData("git@git.example.com:team/x.git")]
    [InlineData("github.com/team/x")]
    [InlineData("ssh://git.example.com/x.git")]
    [InlineData("file:///etc")]
    [InlineData("ftp://git.example.com/x")]
    [InlineData("")]
    public void Ambiguous_address_is_invalid(string remote)
    {
        var refused = Assert.Throws<ApiException>(() => Open("https://git.example.com/team", remote));

        Assert.Equal(ErrorCode.InvalidRequest, refused.Code);
        Assert.Equal(["remote"], refused.Errors!.Keys);
        Assert.False(RemoteContexts.IsPrefix(remote));
    }

    [Fact]
    public void Prefix_with_a_branch_is_invalid() => Assert.False(RemoteContexts.IsPrefix("https://git.example.com/x.git#main"));

    private static BuildContext Open(string? allowed, string remote) =>
        new RemoteContexts(new BuildOptions { RemoteContexts = allowed is null ? [] : [allowed] }).Open(remote);
}
