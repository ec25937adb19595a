using System.Runtime.CompilerServices;

namespace ContainerApi.Stubs;

/// <summary>Default output of builds and pulls.</summary>
public static class Scripts
{
    public const string BuiltImage = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    public static IAsyncEnumerable<string> Build(EngineCall call, CancellationToken cancellationToken) => Lines(
    [
        """{"stream":"Step 1/1 : FROM scratch"}""",
        """{"stream":"\n"}""",
        """{"stream":" ---\u003e bbbbbbbbbbbb\n"}""",
        """{"aux":{"ID":"sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}}""",
        """{"stream":"Successfully built bbbbbbbbbbbb\n"}""",
    ], cancellationToken);

    public static IAsyncEnumerable<string> Pull(EngineCall call, CancellationToken cancellationToken) => Lines(
    [
        """{"status":"Pulling from library/busybox","id":"latest"}""",
        """{"status":"Pulling fs layer","progressDetail":{},"id":"0123456789ab"}""",
        """{"status":"Downloading","progressDetail":{"current":1024,"total":4096},"progress":"[=>   ]","id":"0123456789ab"}""",
        """{"status":"Pull complete","progressDetail":{},"id":"0123456789ab"}""",
        """{"status":"Status: Downloaded newer image for busybox:latest"}""",
    ], cancellationToken);

    /// <summary>Yields these messages; the last one may be an error.</summary>
    public static async IAsyncEnumerable<string> Lines(
        IEnumerable<string> lines, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var line in lines)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return line;
            await Task.Yield();
        }
    }

    /// <summary>Yields these messages, then nothing.</summary>
    public static async IAsyncEnumerable<string> LinesThenSilence(
        IEnumerable<string> lines, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var line in lines)
        {
            yield return line;
        }

        await Task.Delay(Timeout.Infinite, cancellationToken);
    }

    /// <summary>An error in a stream. Since API 1.48 <c>error</c> is deprecated and may be missing.</summary>
    public static string Failure(string message, bool detailOnly = false) => detailOnly
        ? $$$"""{"errorDetail":{"message":{{{JsonSerializer.Serialize(message)}}}}}"""
        : $$$"""{"errorDetail":{"message":{{{JsonSerializer.Serialize(message)}}}},"error":{{{JsonSerializer.Serialize(message)}}}}""";
}
