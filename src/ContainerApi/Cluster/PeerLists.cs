using System.Collections.Immutable;
using ContainerApi.Access;
using ContainerApi.Api.Lists;
using ContainerApi.Engine;

namespace ContainerApi.Cluster;

/// <summary>An engine whose part of a list is missing.</summary>
/// <param name="Address">The address of its replica.</param>
/// <param name="Since">When its replica was first found not to answer; null where the replica answers.</param>
/// <param name="Node">Its node of a Swarm; null if unknown.</param>
internal sealed record MissingEngine(string Name, string Address, string State, ErrorInfo Error, DateTimeOffset? Since, SwarmNode? Node);

/// <summary>The parts of other replicas.</summary>
internal sealed record PeerParts<TList>(IReadOnlyList<TList> Lists, IReadOnlyList<MissingEngine> Missing);

internal static class PeerPartsExtensions
{
    /// <summary>The number of rows on all pages of the parts.</summary>
    public static int Total<TList>(this PeerParts<TList> parts)
        where TList : IListDocument => parts.Lists.Sum(l => l.Total);

    /// <summary>Whether a part has a further page.</summary>
    public static bool HasMore<TList>(this PeerParts<TList> parts)
        where TList : IListDocument => parts.Lists.Any(l => l.NextCursor is not null);

    /// <summary>Whether every engine of the parts answered.</summary>
    public static bool AreComplete<TList>(this PeerParts<TList> parts)
        where TList : IListDocument => parts.Missing.Count == 0 && parts.Lists.All(l => l.Complete);
}

/// <summary>Finds the replicas that a caller's list is read from.</summary>
internal sealed class PeerLists(EngineDirectory engines, Caller caller, PeerDirectory? peers = null, PeerCalls? calls = null)
{
    /// <param name="named">The engines that the request names; empty for all.</param>
    /// <param name="local">Whether the request is for this replica alone.</param>
    /// <exception cref="EngineException">No such engine.</exception>
    public async Task<ListParts> BeginAsync(
        HttpRequest request, IReadOnlyList<EngineName> named, bool local, CancellationToken cancellationToken)
    {
        var own = named.Where(n => engines.All.Any(e => e.Name == n.Value)).ToList();
        if (peers is null || calls is null || local || PeerConnection.Has(request.HttpContext) || (named.Count > 0 && own.Count == named.Count))
        {
            foreach (var name in named)
            {
                engines.Get(name);
            }

            return new ListParts(named);
        }

        var visible = await FindVisibleAsync(peers, cancellationToken);
        var asked = Select(visible, named);
        if (named.Except(own).FirstOrDefault(n => !asked.Exists(p => p.Names.Contains(n.Value))) is { } unknown)
        {
            throw Unknown(unknown, visible);
        }

        return new ListParts(own, asksOwn: named.Count == 0 || own.Count > 0, calls, asked, named, request)
        {
            FindAgainAsync = async token => Select(await FindVisibleAsync(peers, token), named),
        };
    }

    private async Task<List<Peer>> FindVisibleAsync(PeerDirectory directory, CancellationToken cancellationToken) =>
        [.. (await directory.FindAsync(cancellationToken)).Where(IsVisible)];

    private static List<Peer> Select(List<Peer> visible, IReadOnlyList<EngineName> named) =>
        named.Count == 0 ? visible : visible.FindAll(p => named.Any(n => p.Names.Contains(n.Value)));

    private bool IsVisible(Peer peer) => caller.Visibility.Engines is null || peer.Names.Any(caller.Visibility.IncludesEngine);

    private static EngineException Unknown(EngineName name, List<Peer> visible) =>
        visible.Find(p => p.Identity is null) is { Failure: { } failure } silent
            ? new EngineException(
                ErrorCode.EngineUnavailable, name.Value,
                $"Engine '{name}' is unknown, and the replica at {silent.Authority} does not answer: {failure.Error.Message}")
            : new EngineException(ErrorCode.EngineNotFound, name.Value, $"There is no engine '{name}'.");
}

/// <summary>The replicas that one list is read from.</summary>
internal sealed class ListParts
{
    private static readonly HashSet<string> Replaced =
        new(["fields", "format", "local", "engine", "after", "lastEventId"], StringComparer.OrdinalIgnoreCase);

    private readonly PeerCalls? _calls;
    private readonly IReadOnlyList<Peer> _asked = [];
    private readonly IReadOnlyList<EngineName> _named = [];
    private readonly CallerHeaders? _headers;
    private readonly string _path = "";
    private readonly IReadOnlyList<KeyValuePair<string, string?>> _query = [];

    /// <summary>The list of this replica alone.</summary>
    public ListParts(IReadOnlyList<EngineName> own) => (Own, AsksOwn) = (own, true);

    public ListParts(
        IReadOnlyList<EngineName> own, bool asksOwn, PeerCalls calls, IReadOnlyList<Peer> asked, IReadOnlyList<EngineName> named,
        HttpRequest request)
    {
        (Own, AsksOwn, _calls, _asked, _named) = (own, asksOwn, calls, asked, named);
        _headers = CallerHeaders.Of(request);
        _path = request.Path.ToUriComponent();
        _query = [.. request.Query.Where(q => !Replaced.Contains(q.Key)).SelectMany(q => q.Value.Select(v => KeyValuePair.Create(q.Key, v)))];
    }

    /// <summary>The engines of the part of this replica; empty for all of its engines.</summary>
    public IReadOnlyList<EngineName> Own { get; }

    /// <summary>Whether the list has engines of this replica.</summary>
    public bool AsksOwn { get; }

    /// <summary>Whether the list can have engines of other replicas, now or later.</summary>
    public bool IsMerged => _calls is not null;

    /// <summary>The other replicas.</summary>
    public IReadOnlyList<Peer> Peers => _asked;

    /// <summary>Finds the other replicas again: some may have joined.</summary>
    public Func<CancellationToken, Task<List<Peer>>> FindAgainAsync { get; init; } = _ => Task.FromResult(new List<Peer>());

    public TimeSpan ListTimeout => _calls?.ListTimeout ?? TimeSpan.Zero;

    /// <summary>Whether no other replica is asked.</summary>
    public bool IsAlone => _asked.Count == 0 && AsksOwn;

    /// <summary>Equal for callers who may share the list: other replicas authenticate each caller again.</summary>
    public string Key => IsAlone ? "" : $"{_headers!.Key};{AsksOwn}";

    /// <summary>Equal for callers with the same credentials and the same parameters.</summary>
    public string RequestKey => $"{_headers!.Key};{AsksOwn};{string.Join(',', _named)};{_path}{QueryString.Create(_query)}";

    /// <summary>Reads the parts of other replicas.</summary>
    /// <param name="own">The part of this replica, which runs meanwhile.</param>
    /// <param name="changes">Parameters that replace those of the caller; null for none.</param>
    public async Task<PeerParts<TList>> ReadAsync<TList>(
        Task own, CancellationToken cancellationToken, IReadOnlyDictionary<string, string>? changes = null)
        where TList : class
    {
        if (_calls is null)
        {
            return new([], []);
        }

        var answers = await _calls.AskAsync<TList>(_asked, peer => PathOf(peer, changes), _headers!, own, cancellationToken);
        return new(
            [.. answers.Select(a => a.Value).OfType<TList>()],
            [.. answers.Where(a => a.Value is null).SelectMany(Missing)]);
    }

    /// <summary>Reads the same stream of another replica.</summary>
    /// <exception cref="PeerException">The replica refuses the stream, or the connection failed.</exception>
    public IAsyncEnumerable<T> StreamAsync<T>(Peer peer, CancellationToken cancellationToken)
        where T : class => _calls!.StreamAsync<T>(peer, PathOf(peer), _headers!, cancellationToken);

    /// <summary>Reads the lines of the same stream of another replica.</summary>
    /// <param name="changes">Parameters that replace those of the caller.</param>
    /// <param name="own">The part of this replica, which runs meanwhile.</param>
    /// <exception cref="PeerException">The replica refuses the stream, or the connection failed.</exception>
    public IAsyncEnumerable<string> LinesAsync(
        Peer peer, IReadOnlyDictionary<string, string> changes, Task own, CancellationToken cancellationToken) =>
        _calls!.LinesAsync(peer, PathOf(peer, changes), _headers!, own, cancellationToken);

    /// <summary>The names of the engines of another replica that the list has.</summary>
    public IEnumerable<string> NamesOf(Peer peer) => peer.Names.Where(name => _named.Count == 0 || _named.Any(n => n.Value == name));

    private string PathOf(Peer peer, IReadOnlyDictionary<string, string>? changes = null) => _path + QueryString.Create(
    [
        .. _query.Where(q => changes?.Keys.Contains(q.Key, StringComparer.OrdinalIgnoreCase) is not true),
        .. (changes ?? ImmutableDictionary<string, string>.Empty).Select(c => KeyValuePair.Create(c.Key, (string?)c.Value)),
        KeyValuePair.Create("local", (string?)"true"),
        .. NamesOf(peer).Where(_ => _named.Count > 0).Select(name => KeyValuePair.Create("engine", (string?)name)),
    ]);

    private IEnumerable<MissingEngine> Missing<TList>(PeerAnswer<TList> answer)
    {
        var problem = answer.Problem ?? PeerProblem.InvalidResponse;
        var (state, error, since) = answer.Failure is { } failure
            ? (failure.State, failure.Error, (DateTimeOffset?)failure.Since)
            : (problem.State, new ErrorInfo(problem.Code, problem.Detail), null);
        return NamesOf(answer.Peer).Select(name => new MissingEngine(name, answer.Peer.Authority, state, error, since, answer.Peer.Node));
    }
}
