namespace ContainerApi.Soak;

/// <summary>
/// Builds by both builders: some succeed, fail, are canceled, detached or lose their client. Each must end in a final state, whatever
/// faults the engine has.
/// </summary>
internal sealed class Builds(ServiceProcess service, Tally tally)
{
    private static readonly TimeSpan BuildTimeout = TimeSpan.FromMinutes(4);
    private static int _number;

    public async Task BuildAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var number = Interlocked.Increment(ref _number);
            using var limited = new CancellationTokenSource(BuildTimeout);
            try
            {
                await OneAsync(number, limited.Token);
                await Task.Delay(200, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                tally.Break($"Build {number} did not end within {BuildTimeout.TotalMinutes} minutes");
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                tally.Break($"Build {number} broke off: {e.Message}");
            }
        }
    }

    private async Task OneAsync(int number, CancellationToken token)
    {
        var builder = number % 2 == 0 ? "classic" : "buildkit";
        var (name, steps) = (number / 2 % 5) switch
        {
            0 => ("succeeds", $"RUN seq 500 && echo {number}"),
            1 => ("fails", $"RUN echo {number} && false"),
            2 => ("is cancelled", $"RUN echo {number} && sleep 600"),
            3 => ("is left", $"RUN echo {number} && sleep 600"),
            _ => ("is detached", $"RUN echo {number} && sleep 1"),
        };
        using var request = new HttpRequestMessage(
            HttpMethod.Post, $"images/build?builder={builder}&timeout=120&noCache=true{(name == "is detached" ? "&detach=true" : "")}")
        {
            Content = new StringContent($"FROM {PrivateEngine.Image}\n{steps}\n", Encoding.UTF8, "text/x-dockerfile"),
        };
        string? id;
        using (var answer = await service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token))
        {
            var status = (int)answer.StatusCode;
            if (status >= 400)
            {
                // 502, 503 and 504 are expected during faults; a 500 is not.
                if (status is not (422 or 429 or 502 or 503 or 504))
                {
                    tally.Break($"A build was answered {status}: {await answer.Content.ReadAsStringAsync(token)}");
                }

                return;
            }

            tally.Count("builds");
            tally.Count($"builds: {builder}, {name}");
            id = name == "is detached" ? answer.Headers.Location!.ToString().Split('/')[^1] : await FollowAsync(answer, name, token);
        }

        await EndsAsync(id, name, token);
    }

    /// <summary>Reads to the result, or to the event at which to cancel or disconnect; returns the build's id.</summary>
    private async Task<string> FollowAsync(HttpResponseMessage answer, string name, CancellationToken token)
    {
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(token));
        string? id = null;
        while (await reader.ReadLineAsync(token) is { } line)
        {
            var buildEvent = JsonSerializer.Deserialize<JsonElement>(line);
            var type = buildEvent.GetProperty("type").GetString();
            id ??= buildEvent.TryGetProperty("buildId", out var its) ? its.GetString() : null;
            if (type == "result" || (type == "log" && name == "is left"))
            {
                return id!;
            }

            if (type == "log" && name == "is cancelled")
            {
                using var cancelled = await service.Http.PostAsync($"builds/{id}/cancel", null, token);
                name = "";
            }
        }

        tally.Break($"The stream of build {id} ended without a result");
        return id!;
    }

    /// <summary>Waits for the end of the build and removes its image.</summary>
    private async Task EndsAsync(string id, string name, CancellationToken token)
    {
        while (true)
        {
            using var answer = await service.Http.GetAsync("builds/" + id, token);
            if (!answer.IsSuccessStatusCode)
            {
                tally.Break($"Build {id}, which {name}, is lost: {(int)answer.StatusCode}");
                return;
            }

            var build = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync(token));
            var state = build.GetProperty("state").GetString();
            if (state is not ("queued" or "running"))
            {
                tally.Count("builds that " + state);
                if (build.GetProperty("imageId").GetString() is { } image)
                {
                    using var removed = await service.Http.DeleteAsync($"images/{image}?force=true", token);
                }

                return;
            }

            await Task.Delay(100, token);
        }
    }
}
