using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ContainerApi.Stubs;

/// <summary>What the stub does with a call before it answers. True if the call is finished.</summary>
public delegate Task<bool> Behaviour(HttpContext context);

/// <summary>Slow and failing engines.</summary>
public static class Behaviours
{
    public static Behaviour Delay(TimeSpan delay) => async context =>
    {
        await Task.Delay(delay, context.RequestAborted);
        return false;
    };

    /// <summary>Answers when the gate completes.</summary>
    public static Behaviour Hold(Task gate) => async context =>
    {
        await gate.WaitAsync(context.RequestAborted);
        return false;
    };

    /// <summary>Keeps the connection open without an answer.</summary>
    public static Behaviour NeverAnswer { get; } = async context =>
    {
        await Task.Delay(Timeout.Infinite, context.RequestAborted);
        return true;
    };

    /// <summary>Breaks the connection without an answer: the caller cannot know whether the call took effect.</summary>
    public static Behaviour BreakOff { get; } = context =>
    {
        context.Abort();
        return Task.FromResult(true);
    };

    /// <summary>Returns this answer to every call.</summary>
    public static Behaviour Answer(int status, string body, string contentType = "application/json") => async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        await context.Response.WriteAsync(body, context.RequestAborted);
        return true;
    };

    /// <summary>An error in the format of the engine.</summary>
    public static Behaviour Error(int status, string message) =>
        Answer(status, "{\"message\":" + System.Text.Json.JsonSerializer.Serialize(message) + "}\n");

    /// <summary>Announces a length, sends half of it and breaks the connection.</summary>
    public static Behaviour Half(string body) => async context =>
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes.AsMemory(0, bytes.Length / 2), context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        context.Abort();
        return true;
    };

    /// <summary>Sends the start of a chunked stream, then breaks the connection.</summary>
    public static Behaviour HalfStream(string start) => async context =>
    {
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(start, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        context.Abort();
        return true;
    };

    /// <summary>Reads part of the body, then returns an error and closes the connection.</summary>
    public static Behaviour RefuseUpload(int status, string message, long readFirst = 0) => async context =>
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        var buffer = new byte[16 * 1024];
        for (long read = 0; read < readFirst;)
        {
            var n = await context.Request.Body.ReadAsync(buffer, context.RequestAborted);
            if (n == 0)
            {
                break;
            }

            read += n;
        }

        context.Response.Headers.Connection = "close";
        return await Error(status, message)(context);
    };

    /// <summary>Applies the behaviour to the first calls only.</summary>
    public static Behaviour Times(this Behaviour behaviour, int times)
    {
        var left = times;
        return context => Interlocked.Decrement(ref left) >= 0 ? behaviour(context) : Task.FromResult(false);
    }

    internal static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
