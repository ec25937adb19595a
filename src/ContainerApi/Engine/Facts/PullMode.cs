namespace ContainerApi.Engine.Facts;

/// <summary>When the engine pulls the image of a new container, or the base images of a build.</summary>
internal enum PullMode
{
    Missing,
    Always,
    Never,
}
