using ContainerApi.Api.Requests;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Serilog;

namespace ContainerApi.Api;

/// <summary>Answers exceptions with problem details (RFC 9457). A failure is logged once, in the request's line.</summary>
internal sealed class Problems(IProblemDetailsService writer, IDiagnosticContext requestLog) : IExceptionHandler
{
    /// <summary>ENOSPC and EDQUOT (Linux), and ERROR_DISK_FULL (Windows).</summary>
    private static readonly int[] DiskFullResults = [28, 122, unchecked((int)0x80070070)];

    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && context.RequestAborted.IsCancellationRequested)
        {
            // The client does not read a response. Proxies log 499 in this case.
            context.SetOutcome("client_left");
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return true;
        }

        var problem = From(exception, context.Features.Get<FieldNames>());
        context.SetOutcome($"{problem.Extensions["code"]}: {problem.Detail}");
        if (problem.Status == ErrorCode.Internal.Status || problem.Status == ErrorCode.InsufficientStorage.Status)
        {
            // Only an error of the service itself needs a stack trace.
            requestLog.SetException(exception);
        }

        if (exception is ApiException { RetryAfter: { } retryAfter })
        {
            context.Response.Headers.RetryAfter = ((int)Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        if (exception is UnsupportedMediaTypeException { Supported: var supported })
        {
            context.Response.Headers[ApiHeaders.AcceptPost] = supported.ToString();
        }

        if (exception is ApiException { Challenge: { } challenge })
        {
            context.Response.Headers.WWWAuthenticate = challenge;
        }

        context.Response.StatusCode = problem.Status!.Value;
        await WriteAsync(writer, new ProblemDetailsContext { HttpContext = context, ProblemDetails = problem });
        return true;
    }

    /// <summary>Writes a problem. The framework's writer declines if the client does not accept JSON; a problem is written all the same.</summary>
    public static async Task WriteAsync(IProblemDetailsService writer, ProblemDetailsContext answer)
    {
        if (!await writer.TryWriteAsync(answer))
        {
            answer.ProblemDetails.Status ??= answer.HttpContext.Response.StatusCode;
            Complete(answer);
            await answer.HttpContext.Response.WriteAsJsonAsync(
                answer.ProblemDetails, WireJson.Options, MediaTypes.Problem, answer.HttpContext.RequestAborted);
        }
    }

    /// <param name="names">The names of the fields in the request; null if it was not read.</param>
    public static ProblemDetails From(Exception exception, FieldNames? names = null)
    {
        var (code, detail) = Describe(exception);
        var problem = new ProblemDetails { Type = code.Type, Title = code.Title, Status = code.Status, Detail = detail };
        problem.Extensions["code"] = code.Code;
        if (exception is EngineException failure)
        {
            problem.Extensions["engine"] = failure.Engine;
        }

        if (exception is ApiException refusal && BlamedField.ErrorsOf(refusal, names) is { } errors)
        {
            problem.Extensions["errors"] = errors;
        }

        foreach (var (name, value) in (exception as ApiException)?.Extensions ?? [])
        {
            problem.Extensions[name] = value;
        }

        return problem;
    }

    /// <summary>Maps an exception to the code and the detail that a client gets.</summary>
    public static (ErrorCode Code, string Detail) Describe(Exception exception) => exception switch
    {
        ApiException e => (e.Code, e.Message),
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } =>
            (ErrorCode.RequestTimeout, "The request body arrived too slowly. Send at least 240 bytes per second after the first five seconds."),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } =>
            (ErrorCode.RequestTooLarge, "The request body exceeds the limit of this path."),
        BadHttpRequestException { StatusCode: StatusCodes.Status415UnsupportedMediaType } e => (ErrorCode.UnsupportedMediaType, e.Message),
        BadHttpRequestException { InnerException: JsonException json } =>
            (ErrorCode.InvalidRequest, $"The body is not valid JSON (line {json.LineNumber + 1}, byte {json.BytePositionInLine})."),
        BadHttpRequestException e => (ErrorCode.InvalidRequest, e.Message),
        IOException e when DiskFullResults.Contains(e.HResult) =>
            (ErrorCode.InsufficientStorage, "The service has no space left for temporary files. Try again later, or send less at once."),
        _ => (ErrorCode.Internal, "The service failed unexpectedly. Search its log for the trace id."),
    };

    /// <summary>Completes every outgoing problem, including those of the framework for unknown paths and methods.</summary>
    public static void Complete(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        if (!problem.Extensions.ContainsKey("code"))
        {
            var code = ErrorStatus.Find(problem.Status ?? context.HttpContext.Response.StatusCode);
            problem.Type = code.Type;
            problem.Title = code.Title;
            problem.Detail ??= code == ErrorCode.NotFound ? UnknownPath.Describe(context.HttpContext)
                : code == ErrorCode.MethodNotAllowed ? $"Allowed methods: {context.HttpContext.Response.Headers.Allow}."
                : code.Title;
            problem.Extensions["code"] = code.Code;
        }

        problem.Extensions["traceId"] = context.HttpContext.GetTraceId();
    }
}
