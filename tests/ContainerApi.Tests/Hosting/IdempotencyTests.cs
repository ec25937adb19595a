using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using ContainerApi.Access;
using ContainerApi.Api.Idempotency;
using ContainerApi.Tests.Access;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ContainerApi.Tests.Hosting;

/// <summary>Requests that are repeated with their <c>Idempotency-Key</c>.</summary>
public sealed class IdempotencyTests
{
    private const string Replayed = "Idempotency-Replayed";
    private const string Json = "application/json; charset=utf-8";

    [Fact]
    public async Task Repeated_creation_gets_the_first_answer_and_creates_nothing()
    {
        var created = 0;
        await using var host = new ApiHost(Engine(() => $"{++created:x64}"));

        using var first = await CreateAsync(host.Client, "app", "one");
        using var again = await CreateAsync(host.Client, "app", "one");
        using var other = await CreateAsync(host.Client, "app", "two");
        using var versioned = await CreateAsync(host.Client, "app", "one", "/v1/containers");

        Assert.Equal(2, created);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await again.Content.ReadAsStringAsync());
        Assert.Equal((HttpStatusCode.Created, first.Headers.Location), (again.StatusCode, again.Headers.Location));
        Assert.Equal("application/json", again.Content.Headers.ContentType?.MediaType);
        Assert.Equal("/v1" + first.Headers.Location, versioned.Headers.Location?.ToString());
        Assert.Equal("true", again.Headers.GetValues(Replayed).Single());
        Assert.False(first.Headers.Contains(Replayed) || other.Headers.Contains(Replayed));
    }

    [Fact]
    public async Task Key_of_another_request_returns_422()
    {
        await using var host = new ApiHost(Engine(() => new string('1', 64)));
        using var first = await CreateAsync(host.Client, "app", "one");

        foreach (var (image, path, type, difference) in new[]
        {
            ("other", "/containers", Json, "body"), ("app", "/containers?engine=local", Json, "query"), ("app ", "/containers", Json, "body"),
            ("app", "/containers", "application/json; charset=utf-16", "content type"),
        })
        {
            using var response = await CreateAsync(host.Client, image, "one", path, type);

            var problem = await response.ReadProblemAsync(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
            var error = Assert.Single(problem.GetProperty("errors").EnumerateObject());
            Assert.Equal(("Idempotency-Key", $"belongs to another request: the {difference} differs."), (error.Name, error.Value[0].GetString()));
        }
    }

    [Fact]
    public async Task Callers_do_not_share_keys()
    {
        var created = 0;
        await using var host = new ApiHost(new Keys().Add("ann", Scopes.All).Add("bob", Scopes.All), Engine(() => $"{++created:x64}"));

        using var first = await CreateAsync(host.With("ann"), "app", "one");
        using var other = await CreateAsync(host.With("bob"), "app", "one");

        Assert.Equal(2, created);
        Assert.Equal((HttpStatusCode.Created, false), (other.StatusCode, other.Headers.Contains(Replayed)));
    }

    [Theory]
    [InlineData("Security:ApiKeys:0:Labels:0", "team=b")]
    [InlineData("Security:ApiKeys:0:Engines:0", "other")]
    [InlineData("Security:ApiKeys:0:Scopes:0", Scopes.ContainersWrite)]
    public async Task Answer_is_not_repeated_for_a_caller_whose_rights_have_changed(string setting, string value)
    {
        await using var host = new ApiHost(new Keys().Add("ann", [Scopes.ContainersRead, Scopes.ContainersWrite]), Engine(() => new string('1', 64)));
        using var client = host.With("ann");
        using var first = await CreateAsync(client, "app", "one");

        var configuration = (IConfigurationRoot)host.Services.GetRequiredService<IConfiguration>();
        configuration[setting] = value;
        configuration.Reload();

        using var again = await CreateAsync(client, "app", "one");
        Assert.Equal((HttpStatusCode.Created, false), (first.StatusCode, again.Headers.Contains(Replayed)));
    }

    [Fact]
    public async Task Key_of_a_failed_request_is_free_again()
    {
        var calls = 0;
        await using var host = new ApiHost(Engine(() => ++calls == 1
            ? throw new EngineException(ErrorCode.EngineUnavailable, "local", "Away.")
            : new string('1', 64)));

        using var failed = await CreateAsync(host.Client, "app", "one");
        using var again = await CreateAsync(host.Client, "app", "one");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.Created), (failed.StatusCode, again.StatusCode));
    }

    [Fact]
    public async Task Repetition_of_a_running_request_returns_409()
    {
        var (began, wait) = (new TaskCompletionSource(), new TaskCompletionSource());
        var engine = Engine(() => new string('1', 64));
        var create = engine.CreateContainer;
        engine.CreateContainer = async (spec, token) =>
        {
            began.SetResult();
            await wait.Task;
            return await create(spec, token);
        };
        await using var host = new ApiHost(engine);

        var first = CreateAsync(host.Client, "app", "one");
        await began.Task;
        using var again = await CreateAsync(host.Client, "app", "one");
        wait.SetResult();

        await again.ReadProblemAsync(HttpStatusCode.Conflict, "idempotency_key_in_use");
        Assert.Equal(TimeSpan.FromSeconds(1), again.Headers.RetryAfter?.Delta);
        Assert.Equal(HttpStatusCode.Created, (await first).StatusCode);
    }

    [Theory]
    [InlineData(256, 'x')]
    [InlineData(3, ' ')]
    public async Task Invalid_key_returns_400(int length, char letter)
    {
        await using var host = new ApiHost(Engine(() => new string('1', 64)));

        using var response = await CreateAsync(host.Client, "app", $"a{new string(letter, length - 2)}b");

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal("Idempotency-Key", Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
    }

    [Fact]
    public async Task Repeated_pull_gets_the_result()
    {
        var pulls = 0;
        var engine = Engine(() => "");
        engine.PullImage = (_, _, _, token) => PullAsync(() => pulls++, token);
        engine.InspectImage = (id, _) => Task.FromResult(Builds.BuildApi.Details(id));
        await using var host = new ApiHost(engine);

        using var first = await SendAsync(host.Client, "/images/pull", JsonContent.Create(new { image = "app" }), "one");
        using var again = await SendAsync(host.Client, "/images/pull", JsonContent.Create(new { image = "app" }), "one");

        var lines = (await first.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal((1, 2), (pulls, lines.Length));
        Assert.Equal(lines[^1] + "\n", await again.Content.ReadAsStringAsync());
        Assert.Equal("application/x-ndjson", again.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public void Keys_are_bounded_and_expire()
    {
        var time = new FakeTimeProvider();
        var keys = new IdempotencyKeys(new NoStore(), time);
        for (var n = 0; n <= 1000; n++)
        {
            Keep(keys, new IdempotencyKey("ann", $"{n}"), time);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Keep(keys, new IdempotencyKey("bob", "0"), time);

        Assert.Null(keys.Begin(new IdempotencyKey("ann", "0"), "r", _ => true));
        Assert.NotNull(keys.Begin(new IdempotencyKey("ann", "1000"), "r", _ => true));
        Assert.NotNull(keys.Begin(new IdempotencyKey("bob", "0"), "r", _ => true));
        time.Advance(TimeSpan.FromHours(24) + TimeSpan.FromSeconds(1));
        Assert.Null(keys.Begin(new IdempotencyKey("bob", "0"), "r", _ => true));
    }

    internal static Task<HttpResponseMessage> SendAsync(HttpClient client, string path, HttpContent content, string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <param name="image">With a space at its end, the body has one more byte.</param>
    private static Task<HttpResponseMessage> CreateAsync(HttpClient client, string image, string key, string path = "/containers", string type = Json)
    {
        var json = $$"""{"image":"{{image.Trim()}}","name":"web"}{{image[image.Trim().Length..]}}""";
        return SendAsync(client, path, new StringContent(json, MediaTypeHeaderValue.Parse(type)), key);
    }

    private static FakeEngine Engine(Func<string> create) => new()
    {
        CreateContainer = (_, _) => Task.FromResult(new CreatedContainer(create(), [])),
    };

    private static async IAsyncEnumerable<TransferFacts> PullAsync(Action begin, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        begin();
        yield return new TransferFacts(null, "Digest: x", null, null, "sha256:d");
    }

    private static void Keep(IdempotencyKeys keys, IdempotencyKey key, TimeProvider time)
    {
        Assert.Null(keys.Begin(key, "r", _ => true));
        _ = keys.KeepAsync(key, new KeptAnswer("r", new BodyDigest(0, "", true), time.GetUtcNow(), 201, null, "/x", ""));
    }

    private sealed class NoStore : IAnswerStore
    {
        public Task SaveAsync(IdempotencyKey key, KeptAnswer answer) => Task.CompletedTask;

        public Task DeleteAsync(IdempotencyKey key) => Task.CompletedTask;
    }
}
