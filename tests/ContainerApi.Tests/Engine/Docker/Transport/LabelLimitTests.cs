using ContainerApi.Engine.Docker.Transport;

namespace ContainerApi.Tests.Engine.Docker.Transport;

/// <summary>Lists without the longest labels.</summary>
public sealed class LabelLimitTests
{
    private static readonly string Long = new('x', LabelLimitStream.MaxBytes);
    private static readonly string Fitting = new('y', LabelLimitStream.MaxBytes - 10_000);

    public static TheoryData<string, string> Lists => new()
    {
        { "[]", "[]" },
        { "[null,1,{}]", "[null,1,{}]" },
        { """[{"Labels":null,"a":[{"Labels":{"b":"c,}"}}]}]""", """[{"Labels":null,"a":[{"Labels":{"b":"c,}"}}]}]""" },
        { """[{"Labels":{},"Id":"1"},{"Labels":{"a":"1","b":"{\"\\"}}]""", """[{"Labels":{},"Id":"1"},{"Labels":{"a":"1","b":"{\"\\"}}]""" },
        { """[{"Labels":{"a":"LONG"},"Id":"1"}]""", """[{"Labels":{},"Id":"1"}]""" },
        { """[{"Labels":{"a":"1","LONG":"2","c":"3"}}]""", """[{"Labels":{"a":"1","c":"3"}}]""" },
        { """[{"Labels":{"LONG":"2","c":"\"}","d":""}}]""", """[{"Labels":{"c":"\"}","d":""}}]""" },
        { """[{"Labels":{"a":"FITTING","b":"FITTING","c":"3"}}]""", """[{"Labels":{"a":"FITTING","c":"3"}}]""" },
        { """[{"Name":"Labels","Other":{"a":"LONG"}}]""", """[{"Name":"Labels","Other":{"a":"LONG"}}]""" },
    };

    [Theory]
    [MemberData(nameof(Lists))]
    public async Task Labels_above_the_limit_are_left_out(string list, string expected)
    {
        list = Expand(list);
        foreach (var chunk in new[] { 1, 7, 100_000 })
        {
            await using var limited = new LabelLimitStream(new Chunks(Encoding.UTF8.GetBytes(list), chunk));
            using var read = new MemoryStream();
            await limited.CopyToAsync(read);

            Assert.Equal(Expand(expected), Encoding.UTF8.GetString(read.ToArray()));
        }
    }

    private static string Expand(string list) =>
        list.Replace("LONG", Long, StringComparison.Ordinal).Replace("FITTING", Fitting, StringComparison.Ordinal);

    private sealed class Chunks(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(size, buffer.Length)], cancellationToken);
    }
}
