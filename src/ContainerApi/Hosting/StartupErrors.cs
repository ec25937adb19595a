using System.Reflection;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace ContainerApi.Hosting;

/// <summary>
/// Reports a startup failure that the configuration caused in one line without a stack trace. Any other failure is a crash with one.
/// </summary>
internal static class StartupErrors
{
    /// <summary>The conventional exit code for incorrect usage.</summary>
    private const int ExitCode = 2;

    /// <summary>Whether the configuration caused the failure. False in a test host, which handles the exception itself.</summary>
    public static bool IsConfigurationError(Exception failure) =>
        Assembly.GetEntryAssembly() == typeof(StartupErrors).Assembly && Reason(failure) is not null;

    /// <returns>The exit code.</returns>
    public static int Report(Exception failure)
    {
        Console.Error.WriteLine($"ContainerApi cannot start. {Reason(failure)}");
        return ExitCode;
    }

    internal static string? Reason(Exception failure) => failure switch
    {
        OptionsValidationException e => string.Join(" ", e.Failures),
        InvalidOperationException { Source: "Serilog.Settings.Configuration" } e => $"Serilog: {e.Message}",
        InvalidDataException e => $"{e.Message} {e.GetBaseException().Message}",
        IOException { InnerException: AddressInUseException } e => $"Urls: {e.Message}",
        System.Net.Sockets.SocketException e => $"Urls: {e.Message}.",
        ArgumentOutOfRangeException { ParamName: "port" } => "Urls: the port must be from 0 to 65535.",
        FormatException { Source: "Microsoft.AspNetCore.Http" or "Microsoft.AspNetCore.Server.Kestrel.Core" } e => $"Urls: {e.Message}",
        _ => null,
    };
}
