using ContainerApi.Builds.Dockerfiles;

namespace ContainerApi.Tests.Builds.Dockerfiles;

public sealed class DockerfileValidatorTests
{
    [Theory]
    [InlineData("", "no instruction")]
    [InlineData("\n \n# FROM x\n", "no instruction")]
    [InlineData("ARG A\n", "no FROM")]
    [InlineData("RUN x\nFROM y\n", "Line 1 of the Dockerfile: RUN comes before the first FROM.")]
    [InlineData("FROM x\n\nNOPE \\\n y\n", "Line 3 of the Dockerfile: Unknown instruction 'NOPE'.")]
    [InlineData("FROM x\nRUN a \\\\\nb\n", "Unknown instruction 'b'")]
    [InlineData("# escape=`\nFROM x\nRUN a \\\nb\n", "Unknown instruction 'b'")]
    [InlineData("FROM x\nx\u0007y\n", "Unknown instruction 'x?y'")]
    public void Errors_of_every_builder_are_reported_with_the_line(string dockerfile, string why)
    {
        foreach (var builder in Enum.GetValues<BuilderKind>())
        {
            Assert.Contains(why, Refusal(dockerfile, new BuildSpec { Builder = builder }), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("FROM x")]
    [InlineData("\uFEFFfrom x\r\nrun y\r\n")]
    [InlineData("  ARG A=b\n\tFROM\t$A\n  RUN y\n")]
    [InlineData("FROM x\nRUN a \\\n  # why\n\n  && NOPE\nMAINTAINER z\nONBUILD RUN a\nSHELL [\"a\"]\nSTOPSIGNAL 9\nHEALTHCHECK NONE\n")]
    [InlineData("FROM x\nRUN <<EOF\nNOPE\nEOF\n")]
    [InlineData("FROM x\nRUN cat <<A <<'B'\nNOPE\nA\nNOPE\nB\n")]
    [InlineData("FROM\n")]
    [InlineData("FROM x\nCOPY\n")]
    [InlineData("FROM x\n wor\u212Adir /\n")]
    [InlineData("ARG A \\\v\nFROM x\n")]
    public void Other_Dockerfiles_are_left_to_the_builder(string dockerfile) => Assert.Null(Refusal(dockerfile, new BuildSpec()));

    [Theory]
    [InlineData("b", true)]
    [InlineData("B", true)]
    [InlineData("0", true)]
    [InlineData("2", true)]
    [InlineData("3", false)]
    [InlineData("a", false)]
    [InlineData("x", false)]
    public void Stage_is_found_by_name_or_number(string target, bool found)
    {
        const string Dockerfile = "ARG A\nFROM a\nFROM --platform=linux/amd64 x as b\nRUN FROM a AS c\nFROM b AS \\\n d\n";

        Assert.Equal(found, Refusal(Dockerfile, new BuildSpec { Target = target }) is null);
    }

    [Fact]
    public void Selected_frontend_has_its_own_language_only_with_BuildKit()
    {
        const string Named = "# check=skip=all\n# syntax=docker/dockerfile:labs\nFROM x\nNEWER y\n";
        var byArgument = new Dictionary<string, string?> { ["BUILDKIT_SYNTAX"] = "docker/dockerfile:labs" };

        Assert.Null(Refusal(Named, new BuildSpec { Builder = BuilderKind.BuildKit, Target = "later" }));
        Assert.Null(Refusal("FROM x\nNEWER y\n", new BuildSpec { Builder = BuilderKind.BuildKit, BuildArguments = byArgument }));
        Assert.NotNull(Refusal(Named, new BuildSpec()));
        Assert.NotNull(Refusal(null, new BuildSpec { Builder = BuilderKind.BuildKit, BuildArguments = byArgument }));
    }

    /// <summary>A directive that the engine's parser does not know is a comment, which ends the directives.</summary>
    [Theory]
    [InlineData("# check=skip=all\n# escape=`\nFROM x\nRUN a \\\nb\n", true, false)]
    [InlineData("# check=skip=all\n# escape=`\nFROM x\nRUN a `\nb\n", false, true)]
    [InlineData("#!/bin/x\n# escape=`\nFROM x\nRUN a \\\nb\n", true, true)]
    [InlineData("\n# escape=`\nFROM x\nRUN a \\\nb\n", true, true)]
    [InlineData("# other=x\n# escape=`\nFROM x\nRUN a \\\nb\n", true, true)]
    public void Directives_are_those_of_the_engines_parser(string dockerfile, bool beforeEngine27, bool sinceEngine27)
    {
        Assert.Equal(beforeEngine27, Refusal(dockerfile, new BuildSpec(), "1.45") is null);
        Assert.Equal(sinceEngine27, Refusal(dockerfile, new BuildSpec(), "1.46") is null);
    }

    [Theory]
    [InlineData("#!/usr/bin/env x\n# syntax=y\nany\n", true)]
    [InlineData("// syntax=y\nany\n", true)]
    [InlineData("//check=z\n//  SYNTAX = y\nany\n", true)]
    [InlineData("\uFEFF#syntax=y\r\nany\r\n", true)]
    [InlineData("# check=z\n# syntax=y\nany\n", true)]
    [InlineData("{\n  \"syntax\": \"y\"\n}\n", true)]
    [InlineData("# syntax\n# syntax=y\nany\n", false)]
    [InlineData("\n# syntax=y\nany\n", false)]
    [InlineData("# syntax=\nany\n", false)]
    public void Frontend_is_selected_by_every_form_that_BuildKit_knows(string dockerfile, bool isSelected) =>
        Assert.Equal(isSelected, Refusal(dockerfile, new BuildSpec { Builder = BuilderKind.BuildKit }) is null);

    [Fact]
    public void Missing_Dockerfile_is_named()
    {
        Assert.Equal("The context does not contain 'Dockerfile'.", Refusal(null, new BuildSpec()));
        Assert.Equal("The context does not contain 'd/prod'.", Refusal(null, new BuildSpec { Dockerfile = "d/prod" }));
    }

    private static string? Refusal(string? dockerfile, BuildSpec spec, string api = "1.51")
    {
        try
        {
            DockerfileValidator.Check(dockerfile, spec, new EngineCapabilities(api));
            return null;
        }
        catch (ApiException e)
        {
            Assert.Equal(ErrorCode.InvalidDockerfile, e.Code);
            return e.Message;
        }
    }
}
