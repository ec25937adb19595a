using System.Runtime.CompilerServices;

namespace ContainerApi.Engine.Docker;

internal sealed partial class DockerEngine
{
    private const int LogBufferBytes = 64 * 1024;

    /// <summary>An engine that looks for the first line of <c>since</c> reads the whole log without sending anything.</summary>
    private TimeSpan LogSilenceTimeout => _callTimeout * 6;

    public async IAsyncEnumerable<LogLines> ReadLogsAsync(
        string id, LogRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, ToLogPath(id, range));
        using var response = await WithinAsync(_callTimeout, token => SendStreamAsync(request, token), cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var decoder = new LogDecoder();
        var lines = new LogLines();
        var buffer = new byte[LogBufferBytes];
        yield return lines;

        for (var isOpen = true; isOpen;)
        {
            lines.Clear();
            isOpen = await WithinAsync(range.Follow ? Timeout.InfiniteTimeSpan : LogSilenceTimeout, ReadNextAsync, cancellationToken);
            if (lines.Count > 0)
            {
                yield return lines;
            }

            if (decoder.Failure is { } failure)
            {
                throw new EngineException(ErrorCode.EngineError, Name, EngineErrors.Clean(failure));
            }
        }

        async Task<bool> ReadNextAsync(CancellationToken token)
        {
            var length = await body.ReadAsync(buffer, token);
            decoder.Read(buffer.AsSpan(0, length), lines);
            if (length == 0)
            {
                decoder.End(lines);
            }

            return length > 0;
        }
    }

    private static string ToLogPath(string id, LogRange range) => ToPath(
        $"containers/{id}/logs",
        [
            ("stdout", range.Output != LogOutput.Stderr ? "1" : "0"),
            ("stderr", range.Output != LogOutput.Stdout ? "1" : "0"),
            ("timestamps", "1"),
            ("follow", range.Follow ? "1" : null),
            ("since", range.Since?.ToUnixSeconds()),
            ("until", range.Until?.ToUnixSeconds()),
            ("tail", range.Tail?.ToString(CultureInfo.InvariantCulture)),
        ]);
}
