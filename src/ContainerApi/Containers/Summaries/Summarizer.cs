using System.Numerics;

namespace ContainerApi.Containers.Summaries;

/// <summary>Pure: the rows of a collection → sums by group.</summary>
internal static class Summarizer
{
    public static ContainerSummary Summarize(ContainerCollection collection, IReadOnlyList<SummaryDimension> by)
    {
        var rows = collection.Rows;
        var owners = NamespaceOwners(rows);
        return new ContainerSummary(
            by,
            [
                .. rows.GroupBy(row => new GroupKey(row, by)).OrderBy(g => g.Key)
                    .Select(g => SumOf(g, owners).ToGroup(g.Key.ToDictionary(by))),
            ],
            SumOf(rows, owners).ToFigures(),
            collection.Engines,
            collection.IsComplete);
    }

    /// <summary>The name of a dimension in a key.</summary>
    public static string NameOf(SummaryDimension dimension) => JsonNamingPolicy.CamelCase.ConvertName(dimension.ToString());

    /// <summary>
    /// The rows that stand for their network namespaces: of each the container that owns it, or the first of those that share it where
    /// the filters leave the owner out.
    /// </summary>
    private static HashSet<ContainerRow> NamespaceOwners(IReadOnlyList<ContainerRow> rows) =>
        rows.Where(r => r.Facts.HasProcesses)
            .GroupBy(r => (r.Engine, Namespace: r.NetworkNamespace ?? r.Id))
            .Select(g => g.FirstOrDefault(r => r.Id == g.Key.Namespace) ?? g.First())
            .ToHashSet<ContainerRow>(ReferenceEqualityComparer.Instance);

    private static Sums SumOf(IEnumerable<ContainerRow> rows, HashSet<ContainerRow> owners)
    {
        var sums = new Sums();
        foreach (var row in rows)
        {
            sums.Add(row, owners.Contains(row));
        }

        return sums;
    }

    /// <summary>The values of the dimensions, in their order. Unknown values come last.</summary>
    internal readonly record struct GroupKey(string? First, string? Second, string? Third, string? Fourth) : IComparable<GroupKey>
    {
        public GroupKey(ContainerRow row, IReadOnlyList<SummaryDimension> by)
            : this(Value(row, by, 0), Value(row, by, 1), Value(row, by, 2), Value(row, by, 3))
        {
        }

        /// <summary>Returns the key of a group of another replica.</summary>
        public static GroupKey Of(IReadOnlyDictionary<string, string?> key, IReadOnlyList<SummaryDimension> by)
        {
            return new(At(0), At(1), At(2), At(3));

            string? At(int index) => index < by.Count ? key.GetValueOrDefault(NameOf(by[index])) : null;
        }

        private string?[] Values => [First, Second, Third, Fourth];

        public int CompareTo(GroupKey other) => Values.Zip(other.Values, Compare).FirstOrDefault(order => order != 0);

        public IReadOnlyDictionary<string, string?> ToDictionary(IReadOnlyList<SummaryDimension> by) =>
            by.Zip(Values).ToDictionary(p => NameOf(p.First), p => p.Second);

        private static int Compare(string? a, string? b) => (a, b) switch
        {
            (null, null) => 0,
            (null, _) => 1,
            (_, null) => -1,
            _ => string.CompareOrdinal(a, b),
        };

        private static string? Value(ContainerRow row, IReadOnlyList<SummaryDimension> by, int index) => index >= by.Count ? null : by[index] switch
        {
            SummaryDimension.Project => row.Facts.Group.Project,
            SummaryDimension.Service => row.Facts.Group.Service,
            SummaryDimension.Engine => row.Engine,
            _ => row.Facts.Image,
        };
    }

    private sealed class Sums
    {
        private readonly Dictionary<string, int> _states = [];
        private int _total;
        private int _unhealthy;
        private int _missing;
        private Sum<long> _processes;
        private Sum<double> _cpu;
        private Sum<long> _memory;
        private Sum<long> _pids;
        private Sum<long> _read;
        private Sum<long> _written;
        private Sum<double> _readRate;
        private Sum<double> _writeRate;
        private Sum<long> _received;
        private Sum<long> _sent;
        private Sum<double> _receiveRate;
        private Sum<double> _sendRate;

        public void Add(ContainerRow row, bool ownsNamespace)
        {
            _total++;
            _states[row.Facts.State] = _states.GetValueOrDefault(row.Facts.State) + 1;
            _unhealthy += row.Facts.Health is "unhealthy" ? 1 : 0;
            if (!row.Facts.HasProcesses)
            {
                return;
            }

            var usage = row.Usage;
            // All are added, known or not.
            var isComplete = _processes.Add(row.Processes?.Items?.Count) & _cpu.Add(usage?.CpuPercent) & _memory.Add(usage?.MemoryBytes);
            _pids.Add(usage?.Pids);
            _read.Add(usage?.BlockReadBytes);
            _written.Add(usage?.BlockWriteBytes);
            _readRate.Add(usage?.BlockReadBytesPerSecond);
            _writeRate.Add(usage?.BlockWriteBytesPerSecond);
            if (ownsNamespace)
            {
                var network = row.Network;
                var isCounted = _received.Add(network?.RxBytes) & _sent.Add(network?.TxBytes)
                    & _receiveRate.Add(network?.RxBytesPerSecond) & _sendRate.Add(network?.TxBytesPerSecond);
                isComplete &= isCounted || network?.Mode is "host";
            }

            _missing += isComplete ? 0 : 1;
        }

        public SummaryFigures ToFigures() => new(Counts, _processes.Value, Usage, Traffic, _missing);

        public SummaryGroup ToGroup(IReadOnlyDictionary<string, string?> key) => new(key, Counts, _processes.Value, Usage, Traffic, _missing);

        private SummaryCounts Counts => new(
            _total, Of(ContainerStates.Created), Of(ContainerStates.Running), Of(ContainerStates.Paused), Of(ContainerStates.Restarting),
            Of(ContainerStates.Removing), Of(ContainerStates.Exited), Of(ContainerStates.Dead), _unhealthy);

        private SummaryUsage Usage => new(
            Rounded(_cpu), _memory.Value, _pids.Value, _read.Value, _written.Value, Rounded(_readRate), Rounded(_writeRate));

        private SummaryTraffic Traffic => new(_received.Value, _sent.Value, Rounded(_receiveRate), Rounded(_sendRate));

        private int Of(string state) => _states.GetValueOrDefault(state);

        private static double? Rounded(Sum<double> sum) => sum.Value is { } value ? Math.Round(value, 2) : null;
    }

    /// <summary>A sum of values of which some are unknown: it is unknown only if all are. Nothing to add is 0.</summary>
    private struct Sum<T>
        where T : struct, INumber<T>
    {
        private T _sum;
        private bool _isAsked;
        private bool _isKnown;

        public readonly T? Value => _isAsked && !_isKnown ? null : _sum;

        /// <returns>Whether the value is known.</returns>
        public bool Add(T? value)
        {
            _isAsked = true;
            _isKnown |= value is not null;
            _sum += value ?? T.Zero;
            return value is not null;
        }
    }
}
