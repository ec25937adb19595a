using System.Text.Json.Serialization;
using Google.Protobuf;
using Grpc.Core;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>Checks a Dockerfile in place of building it: (1) the solve waits, (2) the frontend checks, (3) its result ends the solve.</summary>
internal static class BuildKitCheck
{
    /// <summary>The header by which a call to a frontend belongs to a solve.</summary>
    private const string SolveHeader = "buildkit-controlapi-buildid";

    /// <summary>Takes the frontend out of a request: the solve then waits for <see cref="RunAsync"/>.</summary>
    public static Gateway.SolveRequest TakeFrontend(SolveRequest request)
    {
        var check = new Gateway.SolveRequest { Frontend = request.Frontend, AllowResultReturn = true, AllowResultArrayRef = true };
        check.FrontendOpt.Add(request.FrontendAttrs);
        check.FrontendOpt["frontend.caps"] = "moby.buildkit.frontend.subrequests";
        check.FrontendOpt["requestid"] = "frontend.lint";
        request.Frontend = "";
        request.FrontendAttrs.Clear();
        request.Exporters.Clear();
        request.ExporterDeprecated = "";
        request.ExporterAttrsDeprecated.Clear();
        return check;
    }

    /// <summary>Runs the check and ends the solve. The error of a frontend is that of the solve.</summary>
    /// <exception cref="RpcException">The connection was lost.</exception>
    public static async Task<IReadOnlyList<BuildWarning>> RunAsync(
        Gateway.LLBBridge.LLBBridgeClient frontend, string solve, Gateway.SolveRequest request, CancellationToken cancellationToken)
    {
        var headers = new Metadata { { SolveHeader, solve } };
        var end = new Gateway.ReturnRequest { Result = new Gateway.Result() };
        IReadOnlyList<BuildWarning> warnings = [];
        try
        {
            var response = await frontend.SolveAsync(request, headers, cancellationToken: cancellationToken);
            var (found, error) = Read(response.Result?.Metadata.GetValueOrDefault("result.json"));
            warnings = found;
            end.Error = error is null ? null : new Gateway.Status { Code = (int)StatusCode.Unknown, Message = error };
        }
        catch (RpcException e) when (e.Status.DebugException is null && !cancellationToken.IsCancellationRequested)
        {
            end.Error = new Gateway.Status { Code = (int)e.StatusCode, Message = e.Status.Detail };
        }

        await frontend.ReturnAsync(end, headers, cancellationToken: cancellationToken);
        return warnings;
    }

    private static (IReadOnlyList<BuildWarning> Warnings, string? Error) Read(ByteString? json)
    {
        try
        {
            return json is null || JsonSerializer.Deserialize(json.Span, CheckWire.Default.CheckResult) is not { } result
                ? ([], "The engine returned no check.")
                : ([.. result.Warnings?.Select(ToWarning) ?? []], result.BuildError?.Message);
        }
        catch (JsonException)
        {
            return ([], "The engine returned an invalid check.");
        }
    }

    private static BuildWarning ToWarning(CheckWarning warning) => new(
        EngineErrors.Cut($"{warning.RuleName}: {warning.Detail ?? warning.Description}"),
        warning.Location?.Ranges is [{ Start.Line: > 0 and var line }, ..] ? line : null,
        string.IsNullOrEmpty(warning.Url) ? null : EngineErrors.Cut(warning.Url));
}

internal sealed record CheckResult(IReadOnlyList<CheckWarning>? Warnings, CheckError? BuildError);

internal sealed record CheckWarning(string? RuleName, string? Description, string? Detail, string? Url, CheckLocation? Location);

internal sealed record CheckError(string? Message);

internal sealed record CheckLocation(IReadOnlyList<CheckRange>? Ranges);

internal sealed record CheckRange(CheckPosition? Start);

internal sealed record CheckPosition(int Line);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CheckResult))]
internal sealed partial class CheckWire : JsonSerializerContext;
