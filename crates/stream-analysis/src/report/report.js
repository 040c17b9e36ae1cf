(function () {
  'use strict';
  function exact(cell) {
    return cell.dataset.v === undefined ? cell.textContent : cell.dataset.v;
  }
  function sort(button) {
    var head = button.parentNode, table = head.closest('table'), body = table.tBodies[0];
    var at = head.cellIndex, number = head.classList.contains('n');
    var up = head.getAttribute('aria-sort') !== 'ascending';
    table.querySelectorAll('th').forEach(function (other) { other.removeAttribute('aria-sort'); });
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    var rows = Array.from(body.rows).map(function (row, place) {
      return { row: row, value: exact(row.cells[at]), place: place };
    });
    rows.sort(function (a, b) {
      // Rows without a value stay at the end, whichever way.
      if ((a.value === '') !== (b.value === '')) { return a.value === '' ? 1 : -1; }
      var order = number ? Number(a.value) - Number(b.value)
        : a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
      return (up ? order : -order) || a.place - b.place;
    });
    rows.forEach(function (entry) { body.appendChild(entry.row); });
  }
  function field(text) {
    return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }
  function download(button) {
    var table = button.parentNode.querySelector('table');
    var lines = Array.from(table.rows).map(function (row) {
      return Array.from(row.cells).map(function (cell) { return field(exact(cell)); }).join(',');
    });
    var link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([lines.join('\n') + '\n'], { type: 'text/csv' }));
    link.download = button.dataset.name.toLowerCase().replace(/[^a-z0-9]+/g, '-') + '.csv';
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
  }
  document.querySelectorAll('th button').forEach(function (button) {
    button.addEventListener('click', function () { sort(button); });
  });
  document.querySelectorAll('button.csv').forEach(function (button) {
    button.addEventListener('click', function () { download(button); });
  });
})();
