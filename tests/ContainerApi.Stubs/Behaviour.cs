using Microsoft.AspNetCore.Http;

namespace ContainerApi.Stubs;

/// <summary>What the stub does with a call before it answers. True if the call is finished.</summary>
public delegate Task<bool> Behaviour(HttpContext context);

/// <summary>Slow and failing engines.</summary>
public static class Behaviours
{
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

    /// <summary>Begins with a text and repeats another one until the caller disconnects.</summary>
    public static Behaviour Endless(string start, string repeated) => async context =>
    {
        context.Response.ContentType = "application/json";
        var block = string.Concat(Enumerable.Repeat(repeated, 1 + 64 * 1024 / repeated.Length));
        await context.Response.WriteAsync(start, context.RequestAborted);
        while (true)
        {
            await context.Response.WriteAsync(block, context.RequestAborted);
        }
    };

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

    /// <summary>Applies the behaviour to the first calls only.</summary>
    public static Behaviour Times(this Behaviour behaviour, int times)
    {
        var left = times;
        return context => Interlocked.Decrement(ref left) >= 0 ? behaviour(context) : Task.FromResult(false);
    }

    internal static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
