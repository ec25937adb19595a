using System.Net.Http.Headers;

namespace ContainerApi.Tests.Builds;

public sealed class UploadRateTests : IDisposable
{
    private const int Slots = 4;
    private readonly TestClock _clock = new();
    private readonly BuildApi _api;

    public UploadRateTests() => _api = new BuildApi(new() { ["MaxConcurrent"] = $"{Slots}" }, _clock);

    public void Dispose() => _api.Dispose();

    [Theory]
    [InlineData("application/x-tar", "", "")]
    [InlineData("application/x-tar", "", "&ignoreFile=true")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=f; filename=Dockerfile\r\n\r\nFROM x\n", "")]
    public async Task Slow_uploads_on_all_slots_give_way_to_a_waiting_build(string type, string start, string more)
    {
        var uploads = Enumerable.Range(0, Slots).Select(_ => UploadAsync(type, start, bytesPerSecond: 300, "stream=false" + more)).ToList();
        await BuildApi.UntilAsync(async () => (await _api.ListAsync("?state=running")).Count == Slots);

        var posting = _api.PostAsync("stream=false");
        var started = _api.NextAsync();
        await AdvanceUntilAsync(started);
        (await started).Succeed();

        using var response = await posting;
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        foreach (var upload in uploads)
        {
            using var refusal = await upload;
            await refusal.ReadProblemAsync(HttpStatusCode.RequestTimeout, "request_timeout");
        }
    }

    [Fact]
    public async Task Slow_upload_continues_while_no_build_waits()
    {
        var upload = UploadAsync("application/x-tar", "", bytesPerSecond: 300);
        await BuildApi.UntilAsync(async () => (await _api.ListAsync("?state=running")).Count == 1);

        await AdvanceAsync(seconds: 60);

        Assert.False(upload.IsCompleted);
    }

    [Fact]
    public async Task Fast_uploads_continue_while_a_build_waits()
    {
        var uploads = Enumerable.Range(0, Slots).Select(_ => UploadAsync("application/x-tar", "", bytesPerSecond: 200_000)).ToList();
        await BuildApi.UntilAsync(async () => (await _api.ListAsync("?state=running")).Count == Slots);
        var waiting = _api.PostAsync("");

        await AdvanceAsync(seconds: 30);

        foreach (var upload in uploads.Where(u => u.IsCompleted))
        {
            Assert.Fail(await (await upload).Content.ReadAsStringAsync());
        }

        Assert.Equal((Slots, 1), ((await _api.ListAsync("?state=running")).Count, (await _api.ListAsync("?state=queued")).Count));
        Assert.False(waiting.IsFaulted);
    }

    [Fact]
    public async Task Upload_that_exceeds_the_timeout_is_a_408_that_names_it()
    {
        var upload = UploadAsync("application/x-tar", "", bytesPerSecond: 300, "timeout=10");
        await BuildApi.UntilAsync(async () => (await _api.ListAsync("?state=running")).Count == 1);

        await AdvanceUntilAsync(upload);

        using var refusal = await upload;
        var problem = await refusal.ReadProblemAsync(HttpStatusCode.RequestTimeout, "request_timeout");
        Assert.Equal("timeout", Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
    }

    private Task<HttpResponseMessage> UploadAsync(string type, string start, int bytesPerSecond, string query = "stream=false")
    {
        var content = new StreamContent(new TrickleStream(_clock, Encoding.ASCII.GetBytes(start), bytesPerSecond));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return _api.StreamingClient.PostAsync("/images/build?" + query, content);
    }

    private async Task AdvanceUntilAsync(Task task)
    {
        for (var second = 0; second < 60 && !task.IsCompleted; second++)
        {
            await AdvanceAsync(seconds: 1);
        }
    }

    /// <summary>Advances the clock slowly enough for the uploads to send.</summary>
    private async Task AdvanceAsync(int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            await Task.Delay(20);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>A tar archive without end, sent at a constant rate of the clock: the header of a large file, then zeros.</summary>
    private sealed class TrickleStream(TestClock clock, byte[] start, int bytesPerSecond) : MemoryStream
    {
        private readonly byte[] _start = start.Length > 0 ? start : Header();
        private bool _isStarted;
        private int _left;

        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!_isStarted)
            {
                _isStarted = true;
                _start.CopyTo(buffer);
                return _start.Length;
            }

            if (_left == 0)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), clock, cancellationToken);
                _left = bytesPerSecond;
            }

            var count = Math.Min(buffer.Length, _left);
            _left -= count;
            buffer.Span[..count].Clear();
            return count;
        }

        private static byte[] Header() => ContainerApi.Archives.TarHeader.Create((byte)'0', "big", 0x1A4, 1L << 31, 0);
    }
}
