using Microsoft.Extensions.Options;

namespace ContainerApi.Settings;

/// <summary>Binds sections of the configuration to options that are validated at startup.</summary>
internal static partial class SettingsRegistration
{
    /// <summary>Registers <typeparamref name="TOptions"/>, bound to a section, for injection as <c>IOptions</c> and by itself.</summary>
    /// <remarks>
    /// Not by <c>BindConfiguration</c>: that also reloads the options, and a reload of an invalid section throws inside the
    /// configuration's change callback.
    /// </remarks>
    public static void AddSettings<TOptions, TValidator>(this IServiceCollection services, string section)
        where TOptions : class
        where TValidator : IValidator<TOptions>, new()
    {
        services.AddOptions<TOptions>()
            .Configure<IConfiguration>((options, configuration) => Bind(configuration, section, options))
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<TOptions>>(new SettingsValidator<TOptions>(section, new TValidator()));
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<TOptions>>().Value);
    }

    /// <summary>Binds a section to <paramref name="options"/>.</summary>
    /// <exception cref="OptionsValidationException">A setting is unknown or has the wrong type.</exception>
    public static T Bind<T>(IConfiguration configuration, string section, T options)
        where T : class
    {
        try
        {
            configuration.GetSection(section).Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
            return options;
        }
        catch (InvalidOperationException e)
        {
            // The binder has no exception type for unknown settings. For an item of a list the reason is in the inner exception.
            var isItem = e.InnerException is not null && e.Message.Contains("binding has failed", StringComparison.Ordinal);
            var reason = isItem ? e.InnerException!.Message : e.Message;
            throw new OptionsValidationException(section, typeof(T), [PlainReason(section, reason)]);
        }
    }

    private static string PlainReason(string section, string reason)
    {
        if (UnknownSetting.Match(reason) is { Success: true } unknown)
        {
            return $"{section}: unknown setting {unknown.Groups[1].Value}.";
        }

        return InvalidValue.Match(reason) is { Success: true } invalid
            ? $"{invalid.Groups["key"].Value}: '{invalid.Groups["value"].Value}' is not {KindOf(invalid.Groups["type"].Value)}."
            : reason;
    }

    private static string KindOf(string type) => type switch
    {
        "System.Boolean" => "true or false",
        "System.Int32" or "System.Int64" => "a whole number, or is too large",
        "System.TimeSpan" => "a duration such as 00:01:30, or 1.00:00:00 for a day",
        "System.DateTimeOffset" => "a time such as 2026-01-31T12:00:00Z",
        _ => "a list or section: set its items (:0) or its settings (:Name)",
    };

    [GeneratedRegex("Failed to convert configuration value '(?<value>.*)' at '(?<key>.*)' to type '(?<type>.*)'", RegexOptions.Singleline)]
    private static partial Regex InvalidValue { get; }

    [GeneratedRegex("not found on the instance of [^:]*: (.*)$")]
    private static partial Regex UnknownSetting { get; }

    private sealed class SettingsValidator<T>(string section, IValidator<T> validator) : IValidateOptions<T>
        where T : class
    {
        public ValidateOptionsResult Validate(string? name, T options)
        {
            var result = validator.Validate(options);
            return result.IsValid
                ? ValidateOptionsResult.Success
                : ValidateOptionsResult.Fail(result.Errors.Select(e => $"{section}:{KeyOf(e.PropertyName)}: {e.ErrorMessage}"));
        }

        /// <summary>Returns <c>ApiKeys:0:Name</c> for <c>ApiKeys[0].Name</c>.</summary>
        private static string KeyOf(string property) => property.Replace('[', ':').Replace("]", "", StringComparison.Ordinal).Replace('.', ':');
    }
}
