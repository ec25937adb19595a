namespace ContainerApi.Soak;

/// <summary>
/// Clients that follow the logs of containers that count, leave in mid-stream and continue with the last <c>seq</c>. Whatever faults the
/// engine has, a number follows the one before it, or a new run of its container begins.
/// </summary>
internal sealed class Logs(ServiceProcess service, Load load, Tally tally)
{
    /// <summary>What a container writes.</summary>
    public const string Script = "n=0; while true; do echo $n; n=$((n+1)); sleep 0.1; done";

    /// <summary>The heartbeat interval is 15 seconds.</summary>
    private static readonly TimeSpan MaxSilence = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(500);

    public async Task FollowAsync(CancellationToken stop)
    {
        var reader = new Reader(tally);
        while (!stop.IsCancellationRequested)
        {
            using var leaving = CancellationTokenSource.CreateLinkedTokenSource(stop);
            leaving.CancelAfter(TimeSpan.FromSeconds(Random.Shared.Next(1, 20)));
            using var silence = CancellationTokenSource.CreateLinkedTokenSource(leaving.Token);
            try
            {
                await ReadAsync(reader, silence);
                await Task.Delay(RetryInterval, leaving.Token);
            }
            catch (OperationCanceledException) when (leaving.IsCancellationRequested)
            {
            }
            catch (OperationCanceledException)
            {
                tally.Break($"Followed logs were silent for {MaxSilence.TotalSeconds} s");
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                tally.Break("Followed logs broke off: " + e.Message);
            }

            tally.Count("logs followed");
        }
    }

    private async Task ReadAsync(Reader reader, CancellationTokenSource silence)
    {
        silence.CancelAfter(MaxSilence);
        using var answer = await service.Http.GetAsync(reader.Path, HttpCompletionOption.ResponseHeadersRead, silence.Token);
        load.Check("GET " + reader.Path, (int)answer.StatusCode);
        if (!answer.IsSuccessStatusCode)
        {
            return;
        }

        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(silence.Token));
        while (await lines.ReadLineAsync(silence.Token) is { } line)
        {
            silence.CancelAfter(MaxSilence);
            if (reader.Take(JsonSerializer.Deserialize<JsonElement>(line)))
            {
                return;
            }
        }

        tally.Break($"{reader.Path} ended without a result");
    }

    /// <summary>What one client has.</summary>
    private sealed class Reader(Tally tally)
    {
        private readonly Dictionary<string, int> _last = [];
        private string? _seq;

        public string Path => "logs?follow=true&tail=5&name=soak-" + (_seq is null ? "" : "&after=" + _seq);

        /// <summary>Takes an event; returns whether it is the last one.</summary>
        public bool Take(JsonElement happened)
        {
            _seq = happened.GetProperty("seq").GetString() ?? _seq;
            var type = happened.GetProperty("type").GetString();
            if (type == "unreadable")
            {
                tally.Break($"A followed log is unreadable: {happened}");
            }
            else if (type == "line")
            {
                tally.Count("log lines");
                var name = happened.GetProperty("name").GetString()!;
                var number = int.Parse(happened.GetProperty("text").GetString()!, CultureInfo.InvariantCulture);
                if (_last.TryGetValue(name, out var last) && number != last + 1 && number != 0)
                {
                    tally.Break($"Line {number} of {name} follows line {last}");
                }

                _last[name] = number;
            }

            return type == "result";
        }
    }
}
