using ContainerApi.Engine;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ContainerApi.Tests.Access;

/// <summary>On a real Kestrel: which addresses it binds is the point.</summary>
public sealed class ExposureGuardTests
{
    [Theory]
    [InlineData("http://127.0.0.1:0")]
    [InlineData("http://[::1]:0")]
    public async Task Loopback_needs_no_setting(string address)
    {
        await using var service = new Service(address, allowAnonymous: false);

        service.StartServer();
    }

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://*:0")]
    [InlineData("http://[::]:0")]
    public async Task Any_other_address_stops_the_start_and_names_the_setting(string address)
    {
        await using var service = new Service(address, allowAnonymous: false);

        var refusal = Assert.Throws<OptionsValidationException>(service.StartServer);

        Assert.Contains("Security:AllowAnonymous", refusal.Message);
    }

    [Fact]
    public async Task Any_other_address_is_bound_where_the_setting_allows_it()
    {
        await using var service = new Service("http://0.0.0.0:0", allowAnonymous: true);

        service.StartServer();
    }

    private sealed class Service : WebApplicationFactory<Program>
    {
        private readonly string _address;
        private readonly bool _allowAnonymous;

        public Service(string address, bool allowAnonymous)
        {
            (_address, _allowAnonymous) = (address, allowAnonymous);
            UseKestrel();
        }

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseUrls(_address);
            builder.UseSetting("Security:AllowAnonymous", _allowAnonymous.ToString());
            builder.ConfigureTestServices(services => services.AddSingleton(new ConfiguredEngines(new EngineDirectory([new FakeEngine()]))));
        }
    }
}
