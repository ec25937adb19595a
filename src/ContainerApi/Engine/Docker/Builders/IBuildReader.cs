using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker.Builders;

/// <summary>Reads one build's message stream as facts: each builder speaks in its own way.</summary>
internal interface IBuildReader
{
    IEnumerable<BuildFact> Read(StreamMessage message);

    /// <summary>The stream ended. Without an image and without an error that is a failure all the same.</summary>
    IEnumerable<BuildFact> End();
}
