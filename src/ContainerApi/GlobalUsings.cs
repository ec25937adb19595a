global using ContainerApi.Engine.Facts;
global using ContainerApi.Errors;
global using FluentValidation;
global using System.Diagnostics.CodeAnalysis;
global using System.Globalization;
global using System.Text.Json;
global using System.Text.RegularExpressions;
global using System.Text;
