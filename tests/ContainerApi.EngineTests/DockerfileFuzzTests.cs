using ContainerApi.Builds.Dockerfiles;
using ContainerApi.Errors;

namespace ContainerApi.EngineTests;

/// <summary>
/// Generates Dockerfiles and compares the service's check with the engine: whatever the service refuses, the engine cannot build.
/// <c>make fuzz-dockerfiles</c> runs it for longer, with another seed.
/// </summary>
[Collection(EngineCollection.Name)]
public sealed class DockerfileFuzzTests(EngineFixture fixture)
{
    private static readonly string?[] Targets = [null, null, null, "one", "ONE", "two", "0", "1", "none"];

    private static readonly string[] Starts =
    [
        "", "", "", "", "\uFEFF", "#!/usr/bin/env x\n", "\n", "# a comment\n", "# other=x\n", "# check=skip=all\n", "  # check=skip=all\n",
        "# escape=`\n", "#escape = \\\n", "# escape=`  \n", "# ESCAPE=`\n", "# syntax=localhost:1/x\n", "// syntax=localhost:1/x\n",
    ];

    /// <summary>Each builds on its own. A "~" is a blank where a line may be continued.</summary>
    private static readonly string[] Good =
    [
        "LABEL~a=b", "ENV~A=b~C=d", "env~A~b", "ARG~X", "CMD~x~y", "cmd~[\"x\"]", "USER~1", "ENTRYPOINT~x", "EXPOSE~80", "MAINTAINER~x",
        "STOPSIGNAL~9", "Onbuild~RUN~x", "ONBUILD~RUN~--mount=type=cache,target=/c~x", "SHELL~[\"a\"]", "HEALTHCHECK~NONE",
        "HEALTHCHECK~--interval=5s~CMD~x~--mount", "LABEL~a=\\\\", "LABEL~a=`", "COPY~a~/a", "COPY~--chown=1~a~/a", "COPY~--chmod=~a~/a",
        "COPY~--~a~/a", "ADD~a~/a", "wor\u212Adir~/", "CMD~echo~<<EOF",
    ];

    /// <summary>Some or all builders cannot build these.</summary>
    private static readonly string[] Doubtful =
    [
        "NOPE~x", "LABELS~a=b", "\"LABEL\"~a=b", "#", "LABEL\u00A0a=b", "COPY~--link~a~/a", "ADD~--link~a~/a",
        "COPY~--chmod=600~a~/a", "COPY~<<EOF~/f\nLABEL a=b\nEOF", "COPY~<<-\"E\"~/f\n\tx\n\tE", "COPY~<<EOF~/f", "COPY~a~<<EOF~/d/\nx\nEOF",
        "ADD~<<CMD~/f\nLABEL a=b\nCMD", "ONBUILD~RUN~<<EOF\nx\nEOF", "RUN~--mount=type=ssh~x",
        "RUN~--network=none~x", "RUN~--~x", "\\",
    ];

    [Theory]
    [InlineData("classic", 1)]
    [InlineData("buildkit", 2)]
    public async Task Dockerfiles_that_the_service_refuses_fail_on_the_engine(string name, int number)
    {
        var builder = Enum.Parse<BuilderKind>(name, ignoreCase: true);
        var (count, seed) = (Setting("FUZZ_DOCKERFILES", 400), Setting("FUZZ_SEED", 1));
        var random = new Random(seed);
        var refused = 0;
        for (var n = 0; n < count; n++)
        {
            var (dockerfile, target) = Generate(random);
            if (Refusal(dockerfile, new BuildSpec { Builder = builder, Target = target }, fixture.Capabilities) is { } reason)
            {
                refused++;
                using var context = new ByteArrayContent(Archive.Tar(("Dockerfile", dockerfile), ("a", "a")));
                using var response = await fixture.Engine.PostAsync(
                    $"build?version={number}&forcerm=1&target={target}&labels={{\"{EngineFixture.Label}\":\"{fixture.Run}\"}}",
                    context);
                var output = await response.Content.ReadAsStringAsync();
                Assert.True(
                    !response.IsSuccessStatusCode || output.Contains("errorDetail", StringComparison.Ordinal),
                    $"Seed {seed}, Dockerfile {n}, target {target}: the service says '{reason}', and the engine builds\n{dockerfile}");
            }
        }

        Assert.InRange(refused, count / 10, count * 9 / 10);
    }

    private static string? Refusal(string dockerfile, BuildSpec spec, EngineCapabilities engine)
    {
        try
        {
            DockerfileValidator.Check(dockerfile, spec, engine);
            DockerfileRequirements.Check(dockerfile, spec, engine);
            return null;
        }
        catch (ApiException e)
        {
            return e.Message;
        }
    }

    /// <summary>Returns a Dockerfile and the stage to build; null for the last one.</summary>
    public static (string Dockerfile, string? Target) Generate(Random random)
    {
        var lines = new List<string>();
        if (random.Next(4) == 0)
        {
            lines.Add(Pick(random, ["ARG~Z", "ARG~Z=1", Pick(random, Doubtful), Pick(random, Good)]));
        }

        string[] stages = ["FROM~scratch~AS~one", "from~scratch~as~TWO", "FROM~scratch"];
        foreach (var stage in stages.Skip(random.Next(3)).Take(random.Next(1, 4)))
        {
            lines.Add(stage);
            for (var instructions = random.Next(1, 4); instructions > 0; instructions--)
            {
                lines.Add(Pick(random, random.Next(12) == 0 ? Doubtful : Good));
            }
        }

        var text = string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => Pick(random, Starts)))
            + string.Concat(lines.Select(line => Pick(random, ["", "", "", " ", "\t", "\u00A0", "\n", "# x\n"]) + Spread(random, line) + "\n"));
        return (random.Next(5) == 0 ? text.Replace("\n", "\r\n", StringComparison.Ordinal) : text, Pick(random, Targets));
    }

    /// <summary>Replaces the blanks of an instruction, sometimes by a continued line.</summary>
    private static string Spread(Random random, string line)
    {
        var text = new StringBuilder();
        foreach (var c in line)
        {
            text.Append(
                c != '~' ? c.ToString()
                : random.Next(8) != 0 ? Pick(random, [" ", " ", "  ", "\t", "\v", "\f "])
                : " " + Pick(random, ["\\", "\\", "`", "\\\\"]) + Pick(random, ["", "", " ", "\t", "\v", "\u00A0"])
                    + Pick(random, ["\n", "\n", "\n\n", "\n # x\n", "\n#x\n\n"]) + Pick(random, ["", " "]));
        }

        return text.ToString();
    }

    private static T Pick<T>(Random random, T[] from) => from[random.Next(from.Length)];

    public static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
