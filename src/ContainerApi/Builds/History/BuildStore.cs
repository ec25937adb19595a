using ContainerApi.Api.Idempotency;
using Microsoft.Data.Sqlite;

namespace ContainerApi.Builds.History;

/// <summary>
/// Keeps builds across restarts. Builds do not wait for the disk: their logs write changes in the background. When a write fails, the
/// builds continue in memory, and the log and <c>/readyz</c> report the failure.
/// </summary>
internal sealed partial class BuildStore(BuildOptions options, TimeProvider time, ILogger<BuildStore> logger) : IAnswerStore, IDisposable
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(5);

    /// <summary>SQLite has one writer; a task that waits for it holds no thread.</summary>
    private readonly SemaphoreSlim _writer = new(1);
    private readonly CancellationTokenSource _closing = new();
    private StoreFile? _file;
    private BuildDatabase? _database;

    /// <summary>Why builds are not stored now; null when they are, or when no store is configured.</summary>
    public string? Failure { get; private set; }

    /// <summary>Whether builds are kept in a file. Without a file they are kept in memory until the service ends.</summary>
    public bool HasFile => _database is not null;

    /// <summary>Cancelled when the store closes: writers write what is left, once.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>Opens the store and returns the builds in it, the oldest first.</summary>
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
            CloseFile();
            Failure = "The build store cannot be opened; builds are kept in memory until the service ends.";
            Log.OpenFailed(logger, e.Message);
            return [];
        }
    }

    /// <summary>Writes a build and new events; returns whether they are stored.</summary>
    public Task<bool> WriteAsync(StoredBuild build, IReadOnlyList<StoredLines> lines) => WriteAsync(database => database.Write(build, lines));

    /// <summary>Deletes a build and its events; returns whether they are gone.</summary>
    public Task<bool> DeleteAsync(string build) => WriteAsync(database => database.Delete(build));

    public Task SaveAsync(IdempotencyKey key, KeptAnswer answer) => WriteAsync(database => database.WriteAnswer(key, answer));

    public Task DeleteAsync(IdempotencyKey key) => WriteAsync(database => database.DeleteAnswer(key));

    /// <summary>Returns the kept answers of requests with a key; none without a file.</summary>
    public IReadOnlyList<(IdempotencyKey Key, KeptAnswer Answer)> LoadAnswers()
    {
        try
        {
            return _database?.LoadAnswers() ?? [];
        }
        catch (SqliteException e)
        {
            Log.AnswersLost(logger, e);
            return [];
        }
    }

    /// <summary>Waits before the next attempt to write; returns false when the store closes.</summary>
    public async Task<bool> DelayRetryAsync()
    {
        await Task.Delay(RetryInterval, Closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !Closing.IsCancellationRequested;
    }

    /// <summary>Returns some events of a build from a number on; null when the store does not have them or cannot be read.</summary>
    public StoredLines? Read(string build, long from)
    {
        try
        {
            return _database?.Read(build, from);
        }
        catch (SqliteException e)
        {
            Log.ReadFailed(logger, build, e);
            return null;
        }
    }

    /// <summary>Waits for the writers and closes the file.</summary>
    public async Task CloseAsync(IEnumerable<Task> writers)
    {
        await _closing.CancelAsync();
        await Task.WhenAll(writers);
        Dispose();
    }

    public void Dispose()
    {
        _closing.Cancel();
        _writer.Wait();
        CloseFile();
        _writer.Release();
    }

    private void CloseFile()
    {
        _database?.Dispose();
        _database = null;
        _file?.Dispose();
        _file = null;
    }

    private IReadOnlyList<StoredBuild> OpenDatabase()
    {
        try
        {
            _database = new BuildDatabase(_file!.Path);
            if (_database.RemovedVersion is { } version)
            {
                Log.Outdated(logger, version);
            }

            return _database.Load(id => Log.InvalidBuild(logger, id));
        }
        catch (Exception e) when (e is SqliteException sqlite && StoreFile.IsDamage(sqlite))
        {
            _database?.Dispose();
            var aside = _file!.SetAside(time.GetUtcNow());
            Log.Damaged(logger, Path.GetFileName(aside), e);
            _database = new BuildDatabase(_file.Path);
            return [];
        }
    }

    private async Task<bool> WriteAsync(Action<BuildDatabase> write)
    {
        await _writer.WaitAsync();
        try
        {
            if (_database is null)
            {
                return false;
            }

            write(_database);
            if (Failure is not null)
            {
                Failure = null;
                Log.Recovered(logger);
            }

            return true;
        }
        catch (SqliteException e)
        {
            if (Failure is null)
            {
                Log.WriteFailed(logger, RetryInterval.TotalSeconds, e);
            }

            Failure = "Writing to the build store failed; builds continue in memory.";
            return false;
        }
        finally
        {
            _writer.Release();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "Opening the build store failed; builds are kept in memory until the service ends: {Reason}")]
        public static partial void OpenFailed(ILogger logger, string reason);

        [LoggerMessage(2, LogLevel.Error, "The build store is damaged; it was renamed to {File} and a new store was created")]
        public static partial void Damaged(ILogger logger, string file, Exception exception);

        [LoggerMessage(3, LogLevel.Error, "Writing to the build store failed; builds continue in memory; retrying every {Interval} s")]
        public static partial void WriteFailed(ILogger logger, double interval, Exception exception);

        [LoggerMessage(4, LogLevel.Information, "Writing to the build store succeeds again")]
        public static partial void Recovered(ILogger logger);

        [LoggerMessage(6, LogLevel.Error, "The stored build {BuildId} is invalid; it was moved to the table invalid_builds of the build store")]
        public static partial void InvalidBuild(ILogger logger, string buildId);

        [LoggerMessage(7, LogLevel.Warning, "The build store had the format {Version} of an older service; its builds were removed")]
        public static partial void Outdated(ILogger logger, long version);

        [LoggerMessage(8, LogLevel.Warning, "Reading the answers of requests with an Idempotency-Key from the build store failed")]
        public static partial void AnswersLost(ILogger logger, Exception exception);

        [LoggerMessage(5, LogLevel.Warning, "Reading the events of build {BuildId} from the build store failed")]
        public static partial void ReadFailed(ILogger logger, string buildId, Exception exception);
    }
}
