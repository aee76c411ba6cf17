// MultiQC draws every point of a scatter plot as a series of its own, which takes seconds for a few thousand genes.
// Points that look the same and stand for the same are drawn as one series here; what is shown does not change.
document.addEventListener("DOMContentLoaded", () => {
  const plot = window.ScatterPlot?.prototype;
  if (!plot) return;
  const buildTraces = plot.buildTraces;

  plot.buildTraces = function () {
    const series = new Map();
    for (const point of buildTraces.call(this)) {
      const { color, symbol, size, opacity } = point.marker;
      const key = JSON.stringify([point.legendgroup ?? point.name, color, symbol, size, opacity]);
      const first = series.get(key);
      if (!first) {
        series.set(key, { mode: "markers", ...point }); // else Plotly would join them by lines
        continue;
      }
      for (const axis of ["x", "y", "text"]) first[axis].push(...point[axis]);
      if (point.showlegend) Object.assign(first, { showlegend: true, name: point.name });
    }
    return [...series.values()];
  };
});
