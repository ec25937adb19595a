using ContainerApi.Api;
using ContainerApi.Api.Idempotency;
using Microsoft.Data.Sqlite;

namespace ContainerApi.Builds.History;

/// <summary>A build in the store.</summary>
/// <param name="Bytes">Size of all its events.</param>
internal sealed record StoredBuild(Build Build, long Bytes);

/// <summary>
/// Builds in one SQLite file in WAL mode, with one writer and any number of readers. Every call is synchronous, as SQLite is, and
/// throws <see cref="SqliteException"/>.
/// </summary>
internal sealed class BuildDatabase : IDisposable
{
    /// <summary>2: <c>finishedAt</c>. 3: events have a text as <c>seq</c>, and the names of contract 1.0.</summary>
    private const long Version = 3;

    /// <summary>How long a call waits for a lock of another process, in seconds.</summary>
    private const int LockTimeout = 2;

    private const int MaxReadBytes = 256 * 1024;
    private readonly string _connectionText;
    private readonly SqliteConnection _writer;

    public BuildDatabase(string path)
    {
        _connectionText = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = LockTimeout }.ToString();
        _writer = new SqliteConnection(_connectionText);
        try
        {
            _writer.Open();
            Prepare();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The version of the older service whose builds were removed, because it wrote other events; null if there were none.</summary>
    public long? RemovedVersion { get; private set; }

    /// <summary>Returns every build, the oldest first. A row that is not a build is moved to another table.</summary>
    /// <param name="onInvalid">Gets the id of such a row.</param>
    public IReadOnlyList<StoredBuild> Load(Action<string> onInvalid)
    {
        var (builds, invalid) = ReadBuilds();
        foreach (var id in invalid)
        {
            onInvalid(id);
            Execute(_writer,
                """
                BEGIN IMMEDIATE;
                CREATE TABLE IF NOT EXISTS invalid_builds AS SELECT * FROM builds WHERE FALSE;
                INSERT INTO invalid_builds SELECT * FROM builds WHERE CAST(id AS TEXT) = $id;
                DELETE FROM builds WHERE CAST(id AS TEXT) = $id;
                COMMIT;
                """,
                ("$id", id));
        }

        return builds;
    }

    private (List<StoredBuild> Builds, List<string> Invalid) ReadBuilds()
    {
        using var command = Command(_writer,
            """
            SELECT CAST(id AS TEXT), CAST(document AS TEXT), bytes, (SELECT MAX(next) FROM events WHERE build = id) FROM builds ORDER BY id
            """);
        using var rows = command.ExecuteReader();
        var (builds, invalid) = (new List<StoredBuild>(), new List<string>());
        while (rows.Read())
        {
            var id = rows.GetString(0);
            if (Parse(id, rows.GetString(1)) is { } build && rows.GetInt64(2) is >= 0 and var bytes)
            {
                builds.Add(new StoredBuild(build with { EventCount = rows.IsDBNull(3) ? 0 : Math.Max(0, rows.GetInt64(3)) }, bytes));
            }
            else
            {
                invalid.Add(id);
            }
        }

        return (builds, invalid);
    }

    /// <summary>Returns the build of a row; null if the document is not one.</summary>
    private static Build? Parse(string id, string document)
    {
        try
        {
            return JsonSerializer.Deserialize<Build>(document, WireJson.Options) is { Tags: var tags, Warnings: var warnings } build
                && build.Id == id && BuildId.TryParse(id, out _) && !tags.Contains(null!) && !warnings.Contains(null!)
                ? build : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes a build and new events in one transaction.</summary>
    public void Write(StoredBuild build, IReadOnlyList<StoredLines> events)
    {
        using var transaction = _writer.BeginTransaction();
        Execute(_writer, "INSERT OR REPLACE INTO builds (id, document, bytes) VALUES ($id, $document, $bytes)",
            ("$id", build.Build.Id), ("$document", JsonSerializer.Serialize(build.Build, WireJson.Options)), ("$bytes", build.Bytes));
        foreach (var lines in events)
        {
            Execute(_writer, "INSERT OR REPLACE INTO events (build, first, next, lines) VALUES ($build, $first, $next, $lines)",
                ("$build", build.Build.Id), ("$first", lines.First), ("$next", lines.Next), ("$lines", lines.Lines.ToArray()));
        }

        transaction.Commit();
    }

    public void Delete(string build)
    {
        using (var transaction = _writer.BeginTransaction())
        {
            Execute(_writer, "DELETE FROM events WHERE build = $id; DELETE FROM builds WHERE id = $id", ("$id", build));
            transaction.Commit();
        }

        // Without it the file keeps the largest size that it ever had.
        Execute(_writer, "PRAGMA incremental_vacuum");
    }

    /// <summary>Returns the kept answers of requests with a key. A row that holds no answer is left out.</summary>
    public IReadOnlyList<(IdempotencyKey Key, KeptAnswer Answer)> LoadAnswers()
    {
        using var command = Command(_writer, "SELECT CAST(owner AS TEXT), CAST(key AS TEXT), CAST(document AS TEXT) FROM answers");
        using var rows = command.ExecuteReader();
        var answers = new List<(IdempotencyKey, KeptAnswer)>();
        while (rows.Read())
        {
            try
            {
                if (JsonSerializer.Deserialize<KeptAnswer>(rows.GetString(2), WireJson.Options) is { } answer)
                {
                    answers.Add((new IdempotencyKey(rows.GetString(0), rows.GetString(1)), answer));
                }
            }
            catch (JsonException)
            {
                // The request of this answer runs again.
            }
        }

        return answers;
    }

    public void WriteAnswer(IdempotencyKey key, KeptAnswer answer) => Execute(_writer,
        "INSERT OR REPLACE INTO answers (owner, key, document) VALUES ($owner, $key, $document)",
        ("$owner", key.Owner), ("$key", key.Key), ("$document", JsonSerializer.Serialize(answer, WireJson.Options)));

    public void DeleteAnswer(IdempotencyKey key) =>
        Execute(_writer, "DELETE FROM answers WHERE owner = $owner AND key = $key", ("$owner", key.Owner), ("$key", key.Key));

    /// <summary>Returns some events from a number on; null when there are none.</summary>
    public StoredLines? Read(string build, long from)
    {
        using var connection = new SqliteConnection(_connectionText);
        connection.Open();
        using var command = Command(connection,
            """
            SELECT first, next, lines FROM events
            WHERE build = $build AND first >= (SELECT MAX(first) FROM events WHERE build = $build AND first <= $from) ORDER BY first
            """,
            ("$build", build), ("$from", from));
        using var rows = command.ExecuteReader();
        using var lines = new MemoryStream();
        var next = from;
        while (lines.Length < MaxReadBytes && rows.Read() && rows.GetInt64(0) <= next && rows.GetInt64(1) > next)
        {
            lines.Write(LogSegment.SkipLines(rows.GetFieldValue<byte[]>(2), next - rows.GetInt64(0)).Span);
            next = rows.GetInt64(1);
        }

        return next > from ? new StoredLines(from, next, lines.ToArray()) : null;
    }

    public void Dispose()
    {
        _writer.Dispose();
        SqliteConnection.ClearPool(_writer);
    }

    private void Prepare()
    {
        Execute(_writer, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
        using var version = Command(_writer, "PRAGMA user_version");
        switch ((long)version.ExecuteScalar()!)
        {
            case < Version and var older:
                RemovedVersion = older > 0 ? older : null;
                Execute(_writer,
                    $"""
                     BEGIN IMMEDIATE;
                     DROP TABLE IF EXISTS builds;
                     DROP TABLE IF EXISTS events;
                     DROP TABLE IF EXISTS invalid_builds;
                     CREATE TABLE builds (id TEXT PRIMARY KEY, document TEXT NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
                     CREATE TABLE events (build TEXT NOT NULL, first INTEGER NOT NULL, next INTEGER NOT NULL, lines BLOB NOT NULL,
                         PRIMARY KEY (build, first));
                     PRAGMA user_version = {Version};
                     COMMIT;
                     """);
                break;
            case Version:
                // Detects a damaged file at startup and not in the middle of a build.
                using (var check = Command(_writer, "PRAGMA quick_check(1)"))
                {
                    if (check.ExecuteScalar() is not "ok")
                    {
                        throw new SqliteException("The file is damaged.", SQLitePCL.raw.SQLITE_CORRUPT);
                    }
                }

                break;
            case var other:
                throw new NotSupportedException($"The file has version {other}; this service knows version {Version}.");
        }

        Execute(_writer,
            """
            CREATE TABLE IF NOT EXISTS answers (owner TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (owner, key))
                WITHOUT ROWID
            """);
    }

    private static void Execute(SqliteConnection connection, string sql, params IReadOnlyList<(string Name, object Value)> values)
    {
        using var command = Command(connection, sql, values);
        command.ExecuteNonQuery();
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, params IReadOnlyList<(string Name, object Value)> values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
}
