using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ContainerApi.Stubs;

/// <summary>What the stand-in does with a call before, or instead of, answering it. True: it has been dealt with.</summary>
public delegate Task<bool> Behaviour(HttpContext context);

/// <summary>The ways in which an engine is slow or fails.</summary>
public static class Behaviours
{
    public static Behaviour Delay(TimeSpan delay) => async context =>
    {
        await Task.Delay(delay, context.RequestAborted);
        return false;
    };

    /// <summary>Answers when the gate opens.</summary>
    public static Behaviour Hold(Task gate) => async context =>
    {
        await gate.WaitAsync(context.RequestAborted);
        return false;
    };

    /// <summary>Holds the connection open and says nothing.</summary>
    public static Behaviour NeverAnswer { get; } = async context =>
    {
        await Task.Delay(Timeout.Infinite, context.RequestAborted);
        return true;
    };

    /// <summary>Does what the engine would, then breaks the connection without a word: the caller cannot know whether it was done.</summary>
    public static Behaviour BreakOff { get; } = context =>
    {
        context.Abort();
        return Task.FromResult(true);
    };

    /// <summary>Answers with this, whatever was asked.</summary>
    public static Behaviour Answer(int status, string body, string contentType = "application/json") => async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        await context.Response.WriteAsync(body, context.RequestAborted);
        return true;
    };

    /// <summary>An error as the engine writes it.</summary>
    public static Behaviour Error(int status, string message) =>
        Answer(status, "{\"message\":" + System.Text.Json.JsonSerializer.Serialize(message) + "}\n");

    /// <summary>Promises a length, sends half of it and breaks the connection.</summary>
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

    /// <summary>Reads so much of the body, then refuses the call and closes the connection, as an engine does that will not read the rest.</summary>
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

    /// <summary>Only for the first calls.</summary>
    public static Behaviour Times(this Behaviour behaviour, int times)
    {
        var left = times;
        return context => Interlocked.Decrement(ref left) >= 0 ? behaviour(context) : Task.FromResult(false);
    }

    internal static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
