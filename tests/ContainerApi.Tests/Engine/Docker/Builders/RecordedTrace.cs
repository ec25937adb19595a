using ContainerApi.Engine.Docker.Builders.BuildKit;
using ContainerApi.Engine.Docker.Wire;
using Grpc.Core;

namespace ContainerApi.Tests.Engine.Docker.Builders;

/// <summary>Reads recorded builds of <c>POST /build?version=2</c>: BuildKit's messages in base64, then the image or the error.</summary>
internal static class RecordedTrace
{
    public static List<BuildFact> Read(params StreamMessage[] messages)
    {
        var (trace, facts) = (new BuildKitTrace(), new List<BuildFact>());
        facts.AddRange(messages.Where(m => m.Id == "moby.buildkit.trace")
            .SelectMany(m => trace.Read(StatusResponse.Parser.ParseFrom(m.Aux!.Value.GetBytesFromBase64()))));
        facts.AddRange(messages.FirstOrDefault(m => m.Failure is not null)?.Failure is { } failure
            ? trace.End(new RpcException(new Status(StatusCode.Unknown, failure.Message!)))
            : trace.End(messages.LastOrDefault(m => m.ImageId is not null)?.ImageId));
        return facts;
    }
}
