namespace ContainerApi.Engine;

/// <summary>A node of a Swarm on which a service should run.</summary>
/// <param name="Name">The name of the node's host.</param>
/// <param name="Role"><c>manager</c> or <c>worker</c>.</param>
/// <param name="Availability"><c>active</c>, <c>pause</c> or <c>drain</c>.</param>
/// <param name="IsReady">False while the managers do not hear from the node.</param>
/// <param name="ChangedAt">When the managers last changed the node's record.</param>
/// <param name="Addresses">The addresses of the node's task of the service, in its networks, and the node's own.</param>
internal sealed record SwarmNode(
    string Name, string Role, string Availability, bool IsReady, DateTimeOffset ChangedAt, IReadOnlyList<string> Addresses);
