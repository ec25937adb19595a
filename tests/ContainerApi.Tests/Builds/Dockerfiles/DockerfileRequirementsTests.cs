using ContainerApi.Builds.Dockerfiles;

namespace ContainerApi.Tests.Builds.Dockerfiles;

public sealed class DockerfileRequirementsTests
{
    private static readonly EngineCapabilities Old = new("1.41");
    private static readonly EngineCapabilities New = new("1.42");

    /// <summary>An old parser reads the text as instructions. With a new one the classic builder ignores it, and cannot copy nothing.</summary>
    [Theory]
    [InlineData("FROM x\nRUN <<EOF\necho a\nEOF\n", false)]
    [InlineData("FROM x\nCOPY <<'EOF' /f\na\nEOF\n", true)]
    [InlineData("FROM x\nCOPY a <<EOF /d/\na\nEOF\n", false)]
    [InlineData("FROM x\nRUN \\\n  # why\n\n  cat <<-\"EOF\" > /f\na\n\tEOF\n", false)]
    [InlineData("FROM x\nADD <<A <<B /d/\na\nA\nb\nB\n", true)]
    [InlineData("FROM x\nADD --chown=1 <<A /d/\na\nA\n", true)]
    [InlineData("# escape=`\nFROM x\nRUN cat `\n <<EOF\na\nEOF\n", false)]
    [InlineData("FROM x\nONBUILD RUN <<EOF\na\nEOF\n", false)]
    [InlineData("FROM x\nONBUILD COPY <<EOF /f\na\nEOF\n", false)]
    [InlineData("FROM x\nRUN <<EOF\nRUN echo a\nEOF\n", false)]
    [InlineData("FROM x\nrun 3<<EOF cat\na\nEOF\n", false)]
    public void Heredocs_need_a_new_frontend_and_as_the_only_source_BuildKit(string dockerfile, bool needsBuildKit)
    {
        Assert.Contains("API 1.41", Refusal(dockerfile, BuilderKind.BuildKit, Old), StringComparison.Ordinal);
        Assert.Contains("API 1.41", Refusal(dockerfile, BuilderKind.Classic, Old), StringComparison.Ordinal);
        Assert.Null(Refusal(dockerfile, BuilderKind.BuildKit, New));
        Assert.Null(Refusal("# syntax=docker/dockerfile:1\n" + dockerfile, BuilderKind.BuildKit, Old));
        Assert.Equal(needsBuildKit, Refusal(dockerfile, BuilderKind.Classic, New) is not null);
        Assert.Empty(Warnings(dockerfile, BuilderKind.BuildKit, New));
        if (!needsBuildKit)
        {
            Assert.Single(Warnings(dockerfile, BuilderKind.Classic, New));
        }
    }

    /// <summary>Engine 20.10 builds these.</summary>
    [Theory]
    [InlineData("FROM x\nRUN <<CMD\nRUN echo a\nCMD\n")]
    [InlineData("FROM x\nRUN <<EOF\nRUN echo a \\\nEOF\n")]
    public void Text_of_a_heredoc_that_an_old_parser_reads_as_instructions_is_allowed(string dockerfile)
    {
        Assert.Null(Refusal(dockerfile, BuilderKind.Classic, Old));
        Assert.Null(Refusal(dockerfile, BuilderKind.BuildKit, Old));
    }

    [Fact]
    public void Warning_names_the_line_of_the_heredoc() => Assert.Equal(
        [new BuildWarning("RUN ignores the text of the heredoc with the classic builder. Use builder=buildkit.", 3)],
        Warnings("FROM x\n\nRUN <<EOF\nNOPE\nEOF\nFROM x AS b\nRUN <<EOF\nx\nEOF\n", BuilderKind.Classic, New, target: "0"));

    [Theory]
    [InlineData("RUN --mount=type=cache,target=/c make", true, false)]
    [InlineData("RUN --mount=type=secret,id=a --network=none make", true, true)]
    [InlineData("RUN --network=none make", true, true)]
    [InlineData("RUN --security=insecure make", false, true)]
    [InlineData("COPY --chmod=600 a /b", true, false)]
    [InlineData("COPY --link a /b", false, true)]
    [InlineData("ADD --chmod=600 a /b", true, false)]
    [InlineData("COPY --chmod= a /b", false, false)]
    [InlineData("RUN -- --mount x", false, false)]
    [InlineData("RUN --mount=type=ssh,required=true make", true, false)]
    [InlineData("COPY --from=0 --chown=1 a /b", false, false)]
    [InlineData("HEALTHCHECK --interval=5s CMD x --mount", false, false)]
    [InlineData("RUN make --mount --network=none", false, false)]
    [InlineData("# RUN --mount=type=ssh x", false, false)]
    [InlineData("ONBUILD RUN --mount=type=cache,target=/c make", false, false)]
    [InlineData("RUN echo '<<EOF' \"a <<EOF\" $((1 << 2)) $((1<<2)) a<<EOF <<<EOF", false, false)]
    [InlineData("RUN [\"sh\", \"-c\", \"cat <<EOF\"]", false, false)]
    [InlineData("ENV A <<EOF", false, false)]
    [InlineData("RUN echo a \\\n", false, false)]
    [InlineData("RUN echo a \\\\\nCOPY --link a /b", false, true)]
    [InlineData("RUN cat <<EOF", false, false)]
    [InlineData("\\\n\\\n", false, false)]
    public void Flags_that_the_builder_does_not_know_are_refused(string instruction, bool classicLacks, bool oldLacks)
    {
        var dockerfile = $"FROM x\n\n# a comment\n{instruction}\nCMD y\n";

        Assert.Equal(classicLacks, Refusal(dockerfile, BuilderKind.Classic, New) is not null);
        Assert.Equal(oldLacks, Refusal(dockerfile, BuilderKind.BuildKit, Old) is not null);
        Assert.Null(Refusal(dockerfile, BuilderKind.BuildKit, New));
        Assert.Null(Refusal("# syntax=x\n" + dockerfile, BuilderKind.BuildKit, Old));
    }

    [Fact]
    public void The_text_of_a_heredoc_is_not_read_as_instructions() => Assert.Null(Refusal(
        "FROM x\nCOPY <<EOF /f\nCOPY --chmod=1 x y\nEOF\nRUN <<-E\n\tRUN --mount=type=ssh x\n\tE\n", BuilderKind.BuildKit, New));

    /// <summary>The classic builder runs the stages up to the target, in their order; every parser reads all stages.</summary>
    [Theory]
    [InlineData("one", "RUN --mount=type=cache,target=/c x", null)]
    [InlineData("ONE", "COPY --chmod=600 a /a", null)]
    [InlineData("0", "COPY <<EOF /a\nx\nEOF", null)]
    [InlineData("two", "RUN --mount=type=cache,target=/c x", "BuildKit")]
    [InlineData("1", "COPY <<EOF /a\nx\nEOF", "BuildKit")]
    [InlineData(null, "COPY --chmod=600 a /a", "BuildKit")]
    public void Stages_after_the_target_may_need_BuildKit(string? target, string instruction, string? reason)
    {
        var refusal = Refusal($"FROM x AS one\nRUN y\nFROM x AS two\n{instruction}\nFROM x\n", BuilderKind.Classic, New, target);

        Assert.Equal(reason is null, refusal is null);
        Assert.Contains(reason ?? "", refusal ?? "", StringComparison.Ordinal);
        Assert.Contains("API 1.42", Refusal($"FROM x AS one\nFROM x\nCOPY --link a b\n", BuilderKind.Classic, Old, "one"), StringComparison.Ordinal);
    }

    [Fact]
    public void Error_names_the_line_the_instruction_and_the_reason() => Assert.Equal(
        "Line 3 of the Dockerfile: COPY with a heredoc needs the Dockerfile frontend of engine API 1.42 or later; this engine has API 1.41.",
        Refusal("FROM x\n\nCOPY <<EOF \\\n /f\na\nEOF\n", BuilderKind.BuildKit, Old));

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("# only a comment")]
    [InlineData("\uFEFF# syntax=x\r\nFROM x\r\n")]
    [InlineData("ONBUILD")]
    [InlineData("'")]
    public void Invalid_Dockerfiles_are_left_to_the_builder(string dockerfile) => Assert.Null(Refusal(dockerfile, BuilderKind.Classic, Old));

    private static IReadOnlyList<BuildWarning> Warnings(string dockerfile, BuilderKind builder, EngineCapabilities api, string? target = null) =>
        DockerfileRequirements.Check(dockerfile, new BuildSpec { Builder = builder, Target = target }, api);

    private static string? Refusal(string dockerfile, BuilderKind builder, EngineCapabilities api, string? target = null)
    {
        try
        {
            Warnings(dockerfile, builder, api, target);
            return null;
        }
        catch (ApiException e)
        {
            Assert.Equal(ErrorCode.FeatureUnsupported, e.Code);
            return e.Message;
        }
    }
}
