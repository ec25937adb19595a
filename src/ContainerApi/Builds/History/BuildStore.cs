using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace ContainerApi.Builds.History;

/// <summary>
/// Keeps builds over the service's end. Builds never wait for the disk: what changed is written by one writer, in batches.
/// A store that fails is told of in the log and by <c>/readyz</c>, and the builds go on in memory.
/// </summary>
internal sealed partial class BuildStore(BuildOptions options, TimeProvider time, ILogger<BuildStore> logger) : IDisposable
{
    /// <summary>How long changes gather before they are written together.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(200);

    /// <summary>How long a store that failed is left alone.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(5);

    /// <summary>One entry per build at most, and one per removed build.</summary>
    private readonly Channel<Change> _changes = Channel.CreateUnbounded<Change>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _closing = new();
    private StoreFile? _file;
    private BuildDatabase? _database;
    private Task _writing = Task.CompletedTask;
    private Task? _closed;

    /// <summary>Why builds are not kept now; null where they are, or are not meant to be.</summary>
    public string? Failure { get; private set; }

    /// <summary>Whether there is a file: without one all is in memory until the service ends.</summary>
    public bool HasFile => _database is not null;

    /// <summary>Begins to write; before it <see cref="Append"/> is the only writer.</summary>
    public void Begin() => _writing = _database is null ? Task.CompletedTask : Task.Run(WriteAsync);

    /// <summary>Opens the store and returns the builds that it has, the oldest first.</summary>
    public IReadOnlyList<StoredBuild> Open()
    {
        if (options.StorePath is "")
        {
            return [];
        }

        try
        {
            _file = StoreFile.Take(options.StorePath);
            return OpenDatabase();
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException or NotSupportedException)
        {
            _database?.Dispose();
            _database = null;
            _file?.Dispose();
            _file = null;
            Failure = "The store of builds cannot be opened; they are kept in memory until the service ends.";
            Log.NotOpened(logger, e);
            return [];
        }
    }

    /// <summary>Something of this build is new; it is written soon.</summary>
    public void Touch(BuildJob run)
    {
        if (_database is null || Failure is not null)
        {
            run.Log.MarkNotStoring();
        }

        if (_database is not null && run.Touch())
        {
            _changes.Writer.TryWrite(new Change(run, null));
        }
    }

    /// <summary>Adds the last lines to a build of an earlier life.</summary>
    public void Append(StoredBuild build, StoredLines lines)
    {
        try
        {
            _database?.Write([build], [(build.Build.Id, lines)], []);
        }
        catch (SqliteException e)
        {
            Log.NotWritten(logger, e);
        }
    }

    public void Remove(string id) => _changes.Writer.TryWrite(new Change(null, id));

    /// <summary>Some events of a build from this one on; null where the store does not have them or cannot say.</summary>
    public StoredLines? Read(string build, long from)
    {
        try
        {
            return _database?.Read(build, from);
        }
        catch (SqliteException e)
        {
            Log.NotRead(logger, e);
            return null;
        }
    }

    /// <summary>Writes what is left, and closes the file.</summary>
    public Task CloseAsync()
    {
        lock (_closing)
        {
            // Whoever closes it waits for the same end: the file must be free for the next service then.
            return _closed ??= CloseOnceAsync();
        }
    }

    private async Task CloseOnceAsync()
    {
        _changes.Writer.TryComplete();
        await _closing.CancelAsync();
        await _writing;
        _database?.Dispose();
        _database = null;
        _file?.Dispose();
        _file = null;
    }

    public void Dispose() => CloseAsync().GetAwaiter().GetResult();

    private IReadOnlyList<StoredBuild> OpenDatabase()
    {
        try
        {
            _database = new BuildDatabase(_file!.Path);
            return _database.Load();
        }
        catch (Exception e) when (e is JsonException || (e is SqliteException sqlite && StoreFile.IsDamage(sqlite)))
        {
            _database?.Dispose();
            var aside = _file!.SetAside(time.GetUtcNow());
            Log.SetAside(logger, Path.GetFileName(aside), e);
            _database = new BuildDatabase(_file.Path);
            return [];
        }
    }

    private async Task WriteAsync()
    {
        var batch = new List<Change>();
        while (await _changes.Reader.WaitToReadAsync())
        {
            await Task.Delay(Gathering, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (_changes.Reader.TryRead(out var change))
            {
                batch.Add(change);
            }

            while (!TryWrite(batch) && !_closing.IsCancellationRequested)
            {
                await Task.Delay(Recovery, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            batch.Clear();
        }
    }

    private bool TryWrite(List<Change> batch)
    {
        var runs = batch.Select(c => c.Run).OfType<BuildJob>().Distinct().ToList();
        var taken = runs.Select(run =>
        {
            run.Untouch();
            return (Run: run, Build: new StoredBuild(run.Describe(), run.Log.Bytes), Lines: run.Log.TakeUnstored());
        }).ToList();
        try
        {
            _database!.Write(
                [.. taken.Select(t => t.Build)],
                [.. taken.SelectMany(t => t.Lines.Select(lines => (t.Run.Id, lines)))],
                [.. batch.Select(c => c.Removed).OfType<string>()]);
        }
        catch (SqliteException e)
        {
            if (Failure is null)
            {
                Log.NotWritten(logger, e);
            }

            Failure = "The store of builds does not take what is written; builds go on in memory.";
            runs.ForEach(run => run.Log.MarkNotStoring());
            return false;
        }

        if (Failure is not null)
        {
            Failure = null;
            Log.Recovered(logger);
        }

        foreach (var (run, _, lines) in taken)
        {
            run.Log.MarkStored(lines);
        }

        return true;
    }

    private readonly record struct Change(BuildJob? Run, string? Removed);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "The store of builds cannot be opened: builds are kept in memory until the service ends")]
        public static partial void NotOpened(ILogger logger, Exception exception);

        [LoggerMessage(2, LogLevel.Error, "The store of builds was damaged; it is now {File}, and a new one was begun")]
        public static partial void SetAside(ILogger logger, string file, Exception exception);

        [LoggerMessage(3, LogLevel.Error, "The store of builds does not take what is written: builds go on in memory, and it is tried again")]
        public static partial void NotWritten(ILogger logger, Exception exception);

        [LoggerMessage(4, LogLevel.Information, "The store of builds takes what is written again")]
        public static partial void Recovered(ILogger logger);

        [LoggerMessage(5, LogLevel.Warning, "Events of a build cannot be read from the store")]
        public static partial void NotRead(ILogger logger, Exception exception);
    }
}
