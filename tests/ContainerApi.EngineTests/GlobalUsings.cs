global using System.Globalization;
global using System.Net;
global using System.Net.Http.Json;
global using System.Text;
global using System.Text.Json;
global using System.Text.Json.Nodes;
global using ContainerApi.Engine;
global using ContainerApi.Engine.Facts;
global using static ContainerApi.EngineTests.Json;
