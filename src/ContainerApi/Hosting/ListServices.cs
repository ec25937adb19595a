using System.Security.Cryptography;
using ContainerApi.Access;
using ContainerApi.Api.Lists;

namespace ContainerApi.Hosting;

internal static class ListServices
{
    /// <summary>Encrypts cursors with <c>Security:CursorKey</c>, which replicas share, or with a key that is made at startup.</summary>
    public static void AddLists(this IServiceCollection services) => services.AddSingleton(provider => new ListCursors(
        provider.GetRequiredService<SecurityOptions>().CursorKey is { } key
            ? Convert.FromBase64String(key)
            : RandomNumberGenerator.GetBytes(SecurityOptions.CursorKeyLength)));
}
