// Light or dark: as the device wants it until somebody chooses. Runs before anything is drawn, so that nothing flashes.
{
  const wanted = matchMedia("(prefers-color-scheme: dark)");
  const dress = () => {
    document.documentElement.dataset.theme = localStorage.getItem("theme") ?? (wanted.matches ? "dark" : "light");
  };
  dress();
  wanted.addEventListener("change", dress);
}
