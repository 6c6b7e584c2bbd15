// The description of the API, to read and to try (https://github.com/swagger-api/swagger-ui).
const dark = matchMedia("(prefers-color-scheme: dark)");
const dress = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", dress);
dress();

window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#apidocs",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  // Asks nobody elsewhere what they think of it.
  validatorUrl: null,
});
