using ContainerApi.Security;

namespace ContainerApi.Containers;

/// <summary>Hides from callers without <c>containers:secrets</c> what the mask patterns find in command lines and labels.</summary>
internal sealed class PictureMask(SecuritySettings settings)
{
    public ContainerList For(Caller caller, ContainerList list) =>
        caller.SeesSecrets ? list : list with { Items = [.. list.Items.Select(Hide)] };

    public Func<ContainerPicture, ContainerPicture> For(Caller caller) => caller.SeesSecrets ? c => c : Hide;

    private ContainerPicture Hide(ContainerPicture container)
    {
        var masks = settings.Masks;
        return container with
        {
            Command = masks.Text(container.Command),
            Labels = masks.Values(container.Labels),
            Processes = container.Processes is { Items: { } items } processes
                ? processes with { Items = [.. items.Select(p => p with { Command = masks.Text(p.Command) })] }
                : container.Processes,
        };
    }
}
