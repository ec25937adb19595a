using System.Net.Sockets;
using ContainerApi.Containers;
using ContainerApi.Hosting;
using ContainerApi.Settings;
using FluentValidation;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ContainerApi.Tests.Hosting;

/// <summary>Settings that are bound and validated at startup.</summary>
public sealed class SettingsTests
{
    [Theory]
    [InlineData("Limits:Connections", "0", "Limits:Connections: must be from 1 to 1000000.")]
    [InlineData("Limits:RequestTimeout", "soon", "Limits:RequestTimeout")]
    [InlineData("Limits:ShutdownTimeout", "00:00:00", "Limits:ShutdownTimeout: must be from 00:00:01 to 01:00:00.")]
    [InlineData("Limits:BodyByte", "1", "Limits: unknown setting 'BodyByte'.")]
    public void Invalid_limit_is_reported_with_its_name(string name, string value, string expected)
    {
        var failure = Assert.Throws<OptionsValidationException>(
            () => Read<LimitOptions, LimitOptionsValidator>(LimitOptions.Section, new() { [name] = value }));

        Assert.Contains(expected, failure.Message);
        Assert.Equal(string.Join(" ", failure.Failures), StartupErrors.Reason(failure));
    }

    [Fact]
    public void Metric_labels_that_get_the_same_name_are_refused()
    {
        var failure = Assert.Throws<OptionsValidationException>(() => Read<MetricsOptions, MetricsOptionsValidator>(
            "Metrics", new() { ["Metrics:ContainerLabels:0"] = "com.example", ["Metrics:ContainerLabels:1"] = "com_example" }));

        Assert.Contains("Metrics:ContainerLabels: must have different names", failure.Message);
    }

    [Fact]
    public void Configuration_failure_at_startup_has_a_reason_and_a_crash_has_none()
    {
        var inUse = new IOException("Failed to bind to address http://127.0.0.1:1: address already in use.", new AddressInUseException("x"));
        Assert.Contains("already in use", StartupErrors.Reason(inUse));
        Assert.NotNull(StartupErrors.Reason(new SocketException((int)SocketError.AddressNotAvailable)));
        Assert.Null(StartupErrors.Reason(new InvalidOperationException("A bug.")));
    }

    /// <summary>Binds and validates one section as the service does at startup.</summary>
    internal static TOptions Read<TOptions, TValidator>(string section, Dictionary<string, string?> settings)
        where TOptions : class
        where TValidator : IValidator<TOptions>, new()
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        services.AddSettings<TOptions, TValidator>(section);
        using var provider = services.BuildServiceProvider();
        provider.GetRequiredService<IStartupValidator>().Validate();
        return provider.GetRequiredService<TOptions>();
    }
}
