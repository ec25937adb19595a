using Microsoft.Extensions.Options;

namespace ContainerApi.Tests.Access;

/// <summary>Binds addresses with Kestrel.</summary>
public sealed class ExposureGuardTests
{
    [Theory]
    [InlineData("http://127.0.0.1:0", false)]
    [InlineData("http://[::1]:0", false)]
    [InlineData("http://0.0.0.0:0", true)]
    public async Task Loopback_or_allowed_address_starts(string address, bool allowAnonymous)
    {
        await using var host = Start(address, allowAnonymous);
    }

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://*:0")]
    [InlineData("http://[::]:0")]
    public void Any_other_address_stops_the_start_and_names_the_setting(string address)
    {
        var failure = Assert.Throws<OptionsValidationException>(() => Start(address, allowAnonymous: false));

        Assert.Contains("Security:AllowAnonymous", failure.Message);
    }

    private static ApiHost Start(string address, bool allowAnonymous) =>
        new(new Keys().With("Urls", address).With("Security:AllowAnonymous", allowAnonymous.ToString()), new FakeEngine());
}
