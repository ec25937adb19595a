using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace ContainerApi.Cluster;

/// <summary>Resolves a name to addresses, as <see cref="Dns"/> does. Tests replace it.</summary>
internal delegate Task<IPAddress[]> ResolveName(string name, CancellationToken cancellationToken);

/// <summary>
/// The addresses of replicas: the configured ones, and those of a name. The name is resolved again while replicas are in use. A failure and
/// an empty answer change nothing: the name of a Swarm service can lose its addresses while all replicas run (moby 53141).
/// </summary>
internal sealed partial class PeerAddresses(ClusterOptions options, ResolveName resolve, TimeProvider time, ILogger<PeerAddresses> logger)
{
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ResolveTimeout = TimeSpan.FromSeconds(5);

    /// <summary>The addresses of this host with the port of the own listener.</summary>
    private readonly HashSet<string> _own =
    [
        .. NetworkInterface.GetAllNetworkInterfaces().SelectMany(i => i.GetIPProperties().UnicastAddresses)
            .Select(a => new IPEndPoint(a.Address, options.ListenEndpoint.Port).ToString()).Append(options.ListenEndpoint.ToString()),
    ];

    private readonly Lock _lock = new();
    private IReadOnlySet<string> _named = new HashSet<string>();
    private Task _resolving = Task.CompletedTask;
    private Task? _first;
    private DateTimeOffset _nextResolve = DateTimeOffset.MinValue;
    private bool _isFailing;

    /// <summary>Returns the current addresses of other replicas as <c>host:port</c>. Only the first calls wait for the name.</summary>
    /// <param name="further">Addresses from elsewhere.</param>
    public async Task<IReadOnlySet<string>> ReadAsync(IEnumerable<string> further, CancellationToken cancellationToken)
    {
        if (!string.IsNullOrEmpty(options.Dns))
        {
            // Completed but for the first requests.
            var first = Resolve(options.Dns);
            await first.WaitAsync(options.ListTimeout, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }

        lock (_lock)
        {
            return options.Peers.Select(p => new Uri(p).Authority).Concat(_named).Concat(further).Where(a => !_own.Contains(a)).ToHashSet();
        }
    }

    /// <summary>Resolves again where it is time to.</summary>
    /// <returns>The first resolution.</returns>
    private Task Resolve(string name)
    {
        lock (_lock)
        {
            if (_resolving.IsCompleted && time.GetUtcNow() >= _nextResolve)
            {
                _nextResolve = time.GetUtcNow() + RefreshInterval;
                _resolving = Task.Run(() => ResolveAsync(name));
            }

            return _first ??= _resolving;
        }
    }

    private async Task ResolveAsync(string name)
    {
        try
        {
            using var timeout = new CancellationTokenSource(ResolveTimeout, time);
            // The resolver of the C library ignores the token.
            var addresses = await resolve(name, timeout.Token).WaitAsync(timeout.Token);
            if (addresses.Length == 0)
            {
                Report("it has no addresses");
                return;
            }

            lock (_lock)
            {
                _named = addresses.Select(a => new IPEndPoint(a, options.ListenEndpoint.Port).ToString()).ToHashSet();
            }

            Report(null);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ArgumentException)
        {
            Report(e is OperationCanceledException ? "the name server does not answer" : e.Message);
        }
    }

    /// <summary>Logs a failure once, and its end.</summary>
    private void Report(string? failure)
    {
        if (failure is not null != _isFailing)
        {
            _isFailing = failure is not null;
            if (failure is not null)
            {
                Log.Failed(logger, options.Dns!, failure);
            }
            else
            {
                Log.Resolved(logger, options.Dns!);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Resolving {Name} to replicas failed; the last addresses stay in use: {Reason}")]
        public static partial void Failed(ILogger logger, string name, string reason);

        [LoggerMessage(2, LogLevel.Information, "The name {Name} resolves to replicas again")]
        public static partial void Resolved(ILogger logger, string name);
    }
}
