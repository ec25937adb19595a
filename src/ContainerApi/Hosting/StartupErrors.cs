using System.Reflection;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Serilog;

namespace ContainerApi.Hosting;

/// <summary>A start that failed because of what somebody configured is told in one line, without a stack trace. Anything else is a crash and looks like one.</summary>
internal static class StartupErrors
{
    /// <summary>As of a command that was called wrongly.</summary>
    private const int ExitCode = 2;

    /// <summary>Whether we know what the failure means. A test's host, which is another program, wants the exception itself.</summary>
    public static bool Explains(Exception failure) => Assembly.GetEntryAssembly() == typeof(StartupErrors).Assembly && Reason(failure) is not null;

    /// <returns>The exit code.</returns>
    public static int Tell(Exception failure)
    {
        Console.Error.WriteLine($"ContainerApi does not start. {Reason(failure)}");
        Log.CloseAndFlush();
        return ExitCode;
    }

    internal static string? Reason(Exception failure) => failure switch
    {
        OptionsValidationException e => string.Join(" ", e.Failures),
        IOException { InnerException: AddressInUseException } e => $"Urls: {e.Message}",
        System.Net.Sockets.SocketException e => $"Urls: {e.Message}.",
        ArgumentOutOfRangeException { ParamName: "port" } => "Urls: a port is from 0 to 65535.",
        FormatException { Source: "Microsoft.AspNetCore.Http" or "Microsoft.AspNetCore.Server.Kestrel.Core" } e => $"Urls: {e.Message}",
        _ => null,
    };
}
