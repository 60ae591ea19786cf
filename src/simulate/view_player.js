'use strict';
(function () {
  const data = JSON.parse(document.getElementById('data').textContent);
  const frames = data.frames, count = frames.length;
  const get = (id) => document.getElementById(id);
  const [left, right, low, high] = data.window;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const KINDS = [
    ['line of sight', '#0f9d6b'], ['reflection', '#2277cc'], ['diffraction', '#b0479a'],
    ['reflection + diffraction', '#7d5fd3'], ['through a slab', '#b98400'], ['scattering', '#7b8794']];
  const LOBE = '#f09a1a', SERVED = '#0f9d6b', BLOCKED = '#d0392d';
  const shown = { lobe: true, boresight: true, fix: true };
  KINDS.forEach((kind, k) => { shown['path' + k] = true; });
  let now = 0, playing = false, drawnAt = 0, carried = 0;

  // ---- bytes and pictures
  function bytes(text) {
    const raw = atob(text), out = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
    return out;
  }
  const waiting = new Set();
  function picture(type, text) {
    const image = new Image();
    waiting.add(image);
    image.onload = () => { waiting.delete(image); if (waiting.size === 0) document.body.dataset.ready = 'yes'; drawSoon(); };
    image.onerror = () => { throw new Error('a picture of the page is damaged'); };
    image.src = 'data:image/' + type + ';base64,' + text;
    return image;
  }
  const loaded = (image) => image && image.complete && image.naturalWidth > 0;
  const mapImage = picture('png', data.map);
  frames.forEach((frame) => {
    frame.lobeBytes = bytes(frame.lobe);
    if (frame.camera) frame.cameraImage = picture('jpeg', frame.camera);
    if (frame.lidar) frame.lidarImage = picture('png', frame.lidar);
    if (data.radar && data.radar.kind === 'cube') frame.radarImage = picture('png', frame.radar);
    else if (frame.radar !== undefined) frame.radarBytes = bytes(frame.radar);
    delete frame.camera; delete frame.lidar;
  });

  // The grey values of a picture, 8 bits each.
  const scratch = document.createElement('canvas');
  function greys(image) {
    scratch.width = image.naturalWidth;
    scratch.height = image.naturalHeight;
    const context = scratch.getContext('2d', { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, scratch.width, scratch.height);
  }
  const coloured = document.createElement('canvas');
  function recoloured(image, colour, target) {
    const pixels = greys(image), p = pixels.data;
    for (let i = 0; i < p.length; i += 4) {
      const c = colour[p[i]];
      p[i] = c[0]; p[i + 1] = c[1]; p[i + 2] = c[2]; p[i + 3] = c[3];
    }
    target.width = pixels.width;
    target.height = pixels.height;
    target.getContext('2d').putImageData(pixels, 0, 0);
    return target;
  }

  // ---- colours
  const mix = (a, b, t) => a.map((v, i) => Math.round(v + (b[i] - v) * t));
  function ramp(stops, t) {
    const at = Math.min(0.9999, Math.max(0, t)) * (stops.length - 1), k = Math.floor(at);
    return mix(stops[k], stops[k + 1], at - k);
  }
  const HEAT = [[20, 18, 60], [70, 30, 120], [170, 50, 110], [240, 120, 50], [252, 220, 120]];
  function mapColours() {
    const d = dark.matches, out = [];
    const flat = d ? [[24, 29, 35], [52, 58, 66], [66, 72, 79], [38, 52, 42], [44, 49, 56], [150, 158, 166], [170, 150, 80], [110, 118, 126]]
      : [[238, 239, 236], [205, 210, 215], [227, 226, 221], [214, 226, 203], [232, 231, 226], [255, 255, 255], [232, 200, 96], [140, 146, 153]];
    for (let code = 0; code < 256; code++) {
      let c = flat[Math.min(code, 7)];
      if (code >= 32 && code < 64) c = mix(d ? [36, 66, 46] : [176, 208, 160], d ? [62, 104, 70] : [120, 168, 112], (code - 32) / 31);
      if (code >= 64) c = mix(d ? [72, 78, 88] : [190, 184, 176], d ? [112, 118, 128] : [140, 132, 124], Math.min(1, (code - 64) / 90));
      out.push([c[0], c[1], c[2], 255]);
    }
    return out;
  }
  function cloudColours() {
    const out = [];
    for (let code = 0; code < 256; code++) {
      let c;
      if (code === 0) c = [14, 18, 26, 255];
      else if (code === 1) c = [120, 120, 130, 255];
      else if (code < 128) c = ramp([[62, 78, 112], [70, 130, 170], [120, 180, 170], [190, 205, 150]], (code - 2) / 100).concat(255);
      else c = ramp([[255, 150, 40], [255, 225, 110]], (code - 128) / 90).concat(255);
      out.push(c);
    }
    return out;
  }
  const echoColours = Array.from({ length: 256 }, (unused, code) => ramp(HEAT, code / 255).concat(255));
  const lidarPalette = cloudColours();
  const mapCanvas = document.createElement('canvas');
  let mapFor = null;

  // ---- canvases
  function prepared(id) {
    const canvas = get(id), ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const g = canvas.getContext('2d');
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, width, height);
    g.font = '11px system-ui, sans-serif';
    return { g, width, height };
  }
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  function note(id, words) {
    const { g, width, height } = prepared(id);
    g.fillStyle = style('--soft');
    g.font = 'italic 13px system-ui, sans-serif';
    g.textAlign = 'center';
    g.fillText(words, width / 2, height / 2);
  }
  // From metres to the pixels of a canvas that shows the window.
  function scaleOf(p) {
    const s = p.width / (right - left);
    return { s, x: (u) => (u - left) * s, y: (w) => (high - w) * s };
  }

  function vehicleOutline(g, to, model, u, w, heading) {
    const [, length, width] = data.models[model];
    g.save();
    g.translate(to.x(u), to.y(w));
    g.rotate(heading * Math.PI / 180);
    const a = Math.max(width * to.s, 3), b = Math.max(length * to.s, 3);
    g.beginPath();
    g.roundRect(-a / 2, -b / 2, a, b, Math.min(a, b) * 0.28);
    g.restore();
  }
  function drawOutlines(g, to, frame, colour) {
    g.strokeStyle = colour;
    g.lineWidth = 1;
    frame.vehicles.forEach((v) => { vehicleOutline(g, to, v[0], v[1], v[2], v[3]); g.stroke(); });
  }
  function drawUnit(g, to, radius) {
    const x = to.x(0), y = to.y(0);
    g.beginPath();
    g.moveTo(x, y - radius * 1.3);
    g.lineTo(x + radius, y + radius);
    g.lineTo(x - radius, y + radius);
    g.closePath();
    g.fillStyle = '#1c2530';
    g.strokeStyle = '#fff';
    g.lineWidth = 1.5;
    g.fill();
    g.stroke();
  }

  function drawLobe(g, to, frame, p) {
    const levels = frame.lobeBytes, reach = 0.62 * p.height;
    g.beginPath();
    levels.forEach((level, k) => {
      const a = k * Math.PI / 180, r = reach * level / 255;
      const x = to.x(0) + r * Math.sin(a), y = to.y(0) - r * Math.cos(a);
      if (k === 0) g.moveTo(x, y); else g.lineTo(x, y);
    });
    g.closePath();
    g.fillStyle = LOBE + '40';
    g.strokeStyle = LOBE;
    g.lineWidth = 1.8;
    g.fill();
    g.stroke();
  }
  // Where the array faces, if that is not where the unit looks.
  const turned = Math.abs(data.boresight_deg) > 1;
  function drawBoresight(g, to, p) {
    const a = data.boresight_deg * Math.PI / 180, far = 0.3 * p.width;
    g.strokeStyle = LOBE;
    g.lineWidth = 1.5;
    g.setLineDash([2, 4]);
    g.beginPath();
    g.moveTo(to.x(0), to.y(0));
    g.lineTo(to.x(0) + far * Math.sin(a), to.y(0) - far * Math.cos(a));
    g.stroke();
    g.setLineDash([]);
  }
  function drawPaths(g, to, frame) {
    const strongest = Math.max(-1e9, ...frame.paths.map((p) => p[2]));
    frame.paths.slice().sort((a, b) => a[2] - b[2]).forEach((path) => {
      if (!shown['path' + path[0]]) return;
      g.globalAlpha = Math.max(0.22, 1 - (strongest - path[2]) / 40);
      g.strokeStyle = KINDS[path[0]][1];
      g.lineWidth = path[0] === 0 ? 2.4 : 1.5;
      g.setLineDash(path[0] === 2 || path[0] === 3 ? [5, 3] : []);
      g.beginPath();
      for (let i = 3; i < path.length; i += 2) {
        if (i === 3) g.moveTo(to.x(path[i]), to.y(path[i + 1]));
        else g.lineTo(to.x(path[i]), to.y(path[i + 1]));
      }
      g.stroke();
      for (let i = 5; i + 2 < path.length; i += 2) {
        g.beginPath();
        g.arc(to.x(path[i]), to.y(path[i + 1]), 2.2, 0, 7);
        g.fillStyle = KINDS[path[0]][1];
        g.fill();
      }
    });
    g.globalAlpha = 1;
    g.setLineDash([]);
  }
  function drawVehicles(g, to, frame) {
    data.parked.forEach((v) => {
      vehicleOutline(g, to, v[0], v[1], v[2], v[3]);
      g.fillStyle = dark.matches ? '#59626d' : '#aab1b9';
      g.fill();
    });
    const served = new Map(frame.served.map((s) => [s[0], s]));
    frame.vehicles.forEach((v) => {
      const s = served.get(v[5]);
      vehicleOutline(g, to, v[0], v[1], v[2], v[3]);
      g.fillStyle = s ? (s[3] ? SERVED : BLOCKED) : (dark.matches ? '#9aa5b1' : '#4b5764');
      g.fill();
      g.strokeStyle = '#fff';
      g.lineWidth = s ? 1.6 : 1;
      g.stroke();
    });
    if (!shown.fix) return;
    const arm = frame.served.length > 5 ? 2.5 : 4;
    g.strokeStyle = dark.matches ? '#ffd75e' : '#1c2530';
    g.lineWidth = arm / 2;
    frame.served.forEach((s) => {
      if (s[8] === null) return;
      const x = to.x(s[8]), y = to.y(s[9]);
      g.beginPath();
      g.moveTo(x - arm, y - arm); g.lineTo(x + arm, y + arm);
      g.moveTo(x + arm, y - arm); g.lineTo(x - arm, y + arm);
      g.stroke();
    });
  }
  function drawFurnishings(g, to, p) {
    const metres = [5, 10, 20, 50, 100].find((m) => m * to.s > 60) || 200;
    const x = p.width - 14 - metres * to.s, y = p.height - 14;
    g.strokeStyle = g.fillStyle = style('--ink');
    g.lineWidth = 2;
    g.beginPath();
    g.moveTo(x, y - 4); g.lineTo(x, y); g.lineTo(x + metres * to.s, y); g.lineTo(x + metres * to.s, y - 4);
    g.stroke();
    g.textAlign = 'center';
    g.fillText(metres + ' m', x + metres * to.s / 2, y - 5);
    // The RSU looks up the picture; north lies where its azimuth says.
    g.save();
    g.translate(p.width - 24, 26);
    g.rotate((data.rsu_azimuth_deg - 90) * Math.PI / 180);
    g.beginPath();
    g.moveTo(0, -13); g.lineTo(5, 6); g.lineTo(0, 3); g.lineTo(-5, 6);
    g.closePath();
    g.fill();
    g.rotate(-(data.rsu_azimuth_deg - 90) * Math.PI / 180);
    g.fillText('N', 0, 22);
    g.restore();
  }
  function drawMap(frame) {
    const p = prepared('map'), to = scaleOf(p), g = p.g;
    if (loaded(mapImage)) {
      if (mapFor !== dark.matches) {
        recoloured(mapImage, mapColours(), mapCanvas);
        mapFor = dark.matches;
      }
      g.drawImage(mapCanvas, 0, 0, p.width, p.height);
    }
    if (shown.lobe) drawLobe(g, to, frame, p);
    if (turned && shown.boresight) drawBoresight(g, to, p);
    drawPaths(g, to, frame);
    drawVehicles(g, to, frame);
    drawUnit(g, to, 7);
    drawFurnishings(g, to, p);
  }

  function drawCamera(frame) {
    if (!data.camera) return note('camera', 'the camera is switched off');
    const p = prepared('camera'), g = p.g;
    if (!loaded(frame.cameraImage)) return undefined;
    g.drawImage(frame.cameraImage, 0, 0, p.width, p.height);
    frame.served.forEach((s) => {
      if (s[6] === null) return;
      const x = s[6] * p.width, y = s[7] * p.height;
      g.beginPath();
      g.moveTo(x, y - 5); g.lineTo(x - 5, y - 14); g.lineTo(x + 5, y - 14);
      g.closePath();
      g.fillStyle = s[3] ? SERVED : BLOCKED;
      g.strokeStyle = '#fff';
      g.lineWidth = 1.2;
      g.fill();
      g.stroke();
    });
    return undefined;
  }
  function drawLidar(frame) {
    if (!data.lidar) return note('lidar', 'the LiDAR is switched off');
    const p = prepared('lidar'), g = p.g;
    if (!loaded(frame.lidarImage)) return undefined;
    g.drawImage(recoloured(frame.lidarImage, lidarPalette, coloured), 0, 0, p.width, p.height);
    drawOutlines(g, scaleOf(p), frame, '#ffffff66');
    drawUnit(g, scaleOf(p), 4);
    return undefined;
  }

  // For each pixel of a small picture of the window, which value of the radar's map it shows (-1: none).
  let fan = null;
  function fanOf(rows, columns) {
    const width = 300, height = Math.round(width * (high - low) / (right - left));
    const index = new Int32Array(width * height);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const u = left + (x + 0.5) * (right - left) / width, w = high - (y + 0.5) * (high - low) / height;
        const range = Math.hypot(u, w), row = Math.round(range / data.radar.step_m - 0.5);
        const column = Math.min(columns - 1, Math.max(0, Math.round((0.5 - u / range * data.radar.spacing) * columns)));
        index[y * width + x] = w <= 0 || row >= rows ? -1 : row * columns + column;
      }
    return { width, height, index };
  }
  function drawCube(p, frame) {
    if (!loaded(frame.radarImage)) return;
    const pixels = greys(frame.radarImage);
    fan = fan || fanOf(pixels.height, pixels.width);
    const out = new ImageData(fan.width, fan.height);
    fan.index.forEach((from, i) => {
      const c = from < 0 ? [14, 18, 26, 255] : echoColours[pixels.data[4 * from]];
      out.data.set(c, 4 * i);
    });
    coloured.width = fan.width;
    coloured.height = fan.height;
    coloured.getContext('2d').putImageData(out, 0, 0);
    p.g.drawImage(coloured, 0, 0, p.width, p.height);
  }
  function speedColour(speed) {
    const t = Math.min(1, Math.abs(speed) / 10);
    if (Math.abs(speed) < 0.25) return 'rgb(98,110,128)';
    return 'rgb(' + (speed < 0 ? mix([120, 190, 250], [40, 120, 255], t) : mix([255, 180, 140], [255, 70, 50], t)).join() + ')';
  }
  function drawDetections(p, frame) {
    const b = frame.radarBytes;
    p.g.fillStyle = 'rgb(14,18,26)';
    p.g.fillRect(0, 0, p.width, p.height);
    for (let pass = 0; pass < 2; pass++)
      for (let i = 0; i + 2 < b.length; i += 3) {
        const speed = (b[i + 2] > 127 ? b[i + 2] - 256 : b[i + 2]) / 4, moves = Math.abs(speed) >= 0.25;
        if (moves !== (pass === 1)) continue;
        const size = moves ? 3 : 1.5;
        p.g.fillStyle = speedColour(speed);
        p.g.fillRect(b[i] / 255 * p.width - size / 2, (1 - b[i + 1] / 255) * p.height - size / 2, size, size);
      }
  }
  function drawRadar(frame) {
    if (!data.radar) return note('radar', 'the radar is switched off');
    const p = prepared('radar');
    if (data.radar.kind === 'cube') drawCube(p, frame); else drawDetections(p, frame);
    drawOutlines(p.g, scaleOf(p), frame, '#ffffff66');
    drawUnit(p.g, scaleOf(p), 4);
    return undefined;
  }

  // ---- charts
  const finite = (values) => values.filter((v) => v !== null);
  const everyPower = finite([].concat(...frames.map((f) => f.power_db)));
  const top = everyPower.length ? Math.ceil(Math.max(...[-1e9].concat(frames.map((f) => Math.max(...finite(f.power_db))))) / 5) * 5 : 0;
  const bottom = (() => {
    let least = top;
    everyPower.forEach((v) => { least = Math.min(least, v); });
    return Math.max(Math.floor(least / 5) * 5, top - 60);
  })();
  const axisStep = top - bottom > 40 ? 20 : top - bottom > 20 ? 10 : 5;
  function axisLines(g, box, y) {
    g.textAlign = 'right';
    for (let v = Math.ceil(bottom / axisStep) * axisStep; v <= top; v += axisStep) {
      g.strokeStyle = style('--line');
      g.lineWidth = 1;
      g.beginPath();
      g.moveTo(box.left, y(v)); g.lineTo(box.right, y(v));
      g.stroke();
      g.fillStyle = style('--soft');
      g.fillText(String(v).replace('-', '\u2212'), box.left - 4, y(v) + 4);
    }
  }
  function powerBox(p) {
    const box = { left: 34, right: p.width - 4, top: 8, bottom: p.height - 18 };
    box.y = (v) => box.bottom - (Math.max(v, bottom) - bottom) / (top - bottom || 1) * (box.bottom - box.top);
    box.pitch = (box.right - box.left) / data.beams;
    return box;
  }
  function drawPower(frame) {
    const p = prepared('power'), g = p.g, box = powerBox(p);
    axisLines(g, box, box.y);
    frame.power_db.forEach((v, b) => {
      if (v === null) return;
      const best = b === frame.best;
      g.fillStyle = best ? LOBE : (dark.matches ? '#6d87a3' : '#9db4cb');
      g.fillRect(box.left + b * box.pitch + 0.5, box.y(v), Math.max(1, box.pitch - 1), Math.max(1, box.bottom - box.y(v)));
    });
    if (frame.clean_db) {
      g.strokeStyle = style('--soft');
      g.lineWidth = 1;
      g.beginPath();
      frame.clean_db.forEach((v, b) => {
        const x = box.left + (b + 0.5) * box.pitch, y = Math.min(box.bottom, box.y(v === null ? -1e9 : v));
        if (b === 0) g.moveTo(x, y); else g.lineTo(x, y);
      });
      g.stroke();
    }
    g.fillStyle = style('--soft');
    g.textAlign = 'center';
    const step = data.beams > 100 ? 16 : data.beams > 20 ? 8 : 2;
    for (let b = 0; b < data.beams; b += step)
      if (Math.abs(b - frame.best) * box.pitch > 16) g.fillText(b, box.left + (b + 0.5) * box.pitch, p.height - 5);
    g.fillStyle = style('--accent');
    g.font = 'bold 12px system-ui, sans-serif';
    g.fillText(frame.best, box.left + (frame.best + 0.5) * box.pitch, p.height - 5);
  }
  const courseX = (p, i) => 34 + (count > 1 ? i / (count - 1) : 0.5) * (p.width - 34 - 34);
  function drawCourse() {
    const p = prepared('course'), g = p.g, box = { left: 34, right: p.width - 34, top: 8, bottom: p.height - 18 };
    const tall = box.bottom - box.top, half = count > 1 ? (courseX(p, 1) - courseX(p, 0)) / 2 : 4;
    frames.forEach((f, i) => {
      if (f.los) return;
      g.fillStyle = BLOCKED + '2a';
      g.fillRect(courseX(p, i) - half, box.top, 2 * half, tall);
    });
    const y = (v) => box.bottom - (Math.max(v, bottom) - bottom) / (top - bottom || 1) * tall;
    axisLines(g, box, y);
    g.strokeStyle = dark.matches ? '#6d87a3' : '#7f9ab5';
    g.lineWidth = 1.6;
    g.beginPath();
    frames.forEach((f, i) => {
      const at = [courseX(p, i), y(f.power_db[f.best] === null ? bottom : f.power_db[f.best])];
      if (i === 0) g.moveTo(...at); else g.lineTo(...at);
    });
    g.stroke();
    g.fillStyle = style('--accent');
    frames.forEach((f, i) => {
      g.fillRect(courseX(p, i) - 1.5, box.top + (1 - f.best / (data.beams - 1)) * tall - 1.5, 3, 3);
    });
    g.textAlign = 'left';
    g.fillText(data.beams - 1, box.right + 5, box.top + 5);
    g.fillText(0, box.right + 5, box.bottom + 3);
    g.fillStyle = style('--soft');
    g.textAlign = 'center';
    const seconds = frames[count - 1].t - frames[0].t, every = [0.5, 1, 2, 5, 10, 20].find((s) => seconds / s < 8) || 50;
    frames.forEach((f, i) => {
      if (Math.abs(f.t / every - Math.round(f.t / every)) < 1e-6) g.fillText(f.t.toFixed(every < 1 ? 1 : 0) + ' s', courseX(p, i), p.height - 5);
    });
    g.strokeStyle = style('--ink');
    g.lineWidth = 1.5;
    g.beginPath();
    g.moveTo(courseX(p, now), box.top - 4); g.lineTo(courseX(p, now), box.bottom);
    g.stroke();
  }

  // ---- words
  const decibel = (v, digits) => v === null ? '\u2013' : v.toFixed(digits).replace('-', '\u2212');
  const all = data.receivers === 'all';
  const utility = all && data.aggregate === 'proportional-fair';
  function words(frame) {
    get('time').textContent = frame.t.toFixed(1) + ' s';
    get('beam').innerHTML = '';
    get('beam').append(frame.best + ' ');
    const of = document.createElement('small');
    of.textContent = 'of 0\u2013' + (data.beams - 1);
    get('beam').append(of);
    get('rss').textContent = decibel(frame.power_db[frame.best], 1) + (utility ? ' dB' : ' dBm');
    const seen = frame.served.filter((s) => s[3]).length;
    get('sight').textContent = all ? seen + ' of ' + frame.served.length : frame.los ? 'free' : 'blocked';
    get('sight').className = frame.los ? 'yes' : 'no';
    get('position').textContent = (now + 1) + ' / ' + count;
  }
  let due = false;
  function drawSoon() {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; draw(); });
  }
  function draw() {
    const frame = frames[now];
    words(frame);
    drawMap(frame);
    drawCamera(frame);
    drawLidar(frame);
    drawRadar(frame);
    drawPower(frame);
    drawCourse();
  }

  // ---- moving through time
  function go(to) {
    now = Math.min(count - 1, Math.max(0, to));
    get('slider').value = now;
    draw();
  }
  function setPlaying(on) {
    playing = on;
    carried = 0;
    drawnAt = performance.now();
    get('play').textContent = on ? '\u275a\u275a pause' : '\u25b6 play';
    if (on && now === count - 1) go(0);
    if (on) requestAnimationFrame(tick);
  }
  function tick(time) {
    if (!playing) return;
    carried += (time - drawnAt) / 1000 * Number(get('speed').value);
    drawnAt = time;
    let next = now;
    while (next < count - 1 && carried >= frames[next + 1].t - frames[next].t) {
      carried -= frames[next + 1].t - frames[next].t;
      next++;
    }
    if (next !== now) go(next);
    if (now === count - 1) setPlaying(false);
    else requestAnimationFrame(tick);
  }

  // ---- what a pointer is on
  function say(event, text) {
    const tip = get('tip');
    tip.hidden = !text;
    tip.textContent = text || '';
    tip.style.left = Math.min(event.clientX + 14, innerWidth - 250) + 'px';
    tip.style.top = Math.min(event.clientY + 14, innerHeight - 90) + 'px';
  }
  function vehicleWords(frame, vehicle) {
    const s = frame.served.find((one) => one[0] === vehicle[5]);
    let text = data.models[vehicle[0]][0] + ', ' + vehicle[4].toFixed(1) + ' m/s';
    if (s) {
      text += '\n' + (s[3] ? 'line of sight' : 'no line of sight') + '\npath gain ' + decibel(s[5], 1) + ' dB';
      text += '\nits own best beam: ' + s[4];
      if (s[8] !== null) text += '\nGNSS error ' + Math.hypot(s[8] - s[1], s[9] - s[2]).toFixed(1) + ' m';
    }
    return text;
  }
  get('map').addEventListener('mousemove', (event) => {
    const canvas = get('map'), s = canvas.clientWidth / (right - left);
    const u = left + event.offsetX / s, w = high - event.offsetY / s;
    const near = frames[now].vehicles.map((v) => [Math.hypot(v[1] - u, v[2] - w), v]).sort((a, b) => a[0] - b[0])[0];
    say(event, near && near[0] < 3.5 ? vehicleWords(frames[now], near[1]) : '');
  });
  get('power').addEventListener('mousemove', (event) => {
    const canvas = get('power'), box = powerBox({ width: canvas.clientWidth, height: canvas.clientHeight });
    const b = Math.floor((event.offsetX - box.left) / box.pitch), frame = frames[now];
    if (b < 0 || b >= data.beams) return say(event, '');
    return say(event, 'beam ' + b + ': ' + decibel(frame.power_db[b], 1) + (utility ? ' dB' : ' dBm') +
      (frame.clean_db ? '\nwithout noise ' + decibel(frame.clean_db[b], 1) + ' dBm' : ''));
  });
  ['map', 'power'].forEach((id) => get(id).addEventListener('mouseleave', (event) => say(event, '')));
  function seek(event) {
    const p = { width: get('course').clientWidth }, span = courseX(p, 1) - courseX(p, 0) || 1;
    go(Math.round((event.offsetX - courseX(p, 0)) / span));
  }
  get('course').addEventListener('mousedown', seek);
  get('course').addEventListener('mousemove', (event) => { if (event.buttons & 1) seek(event); });

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === 'SELECT') return;
    const far = event.shiftKey ? 10 : 1;
    const action = { ' ': () => setPlaying(!playing), ArrowLeft: () => go(now - far), ArrowRight: () => go(now + far),
      Home: () => go(0), End: () => go(count - 1) }[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  get('play').addEventListener('click', () => setPlaying(!playing));
  get('play').addEventListener('keyup', (event) => event.preventDefault());
  get('slider').addEventListener('input', () => go(Number(get('slider').value)));

  // ---- the page around it
  function legendItem(key, words, mark) {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(mark, words);
    if (key === null) button.disabled = true;
    else {
      button.setAttribute('aria-pressed', 'true');
      button.title = 'show or hide';
      button.addEventListener('click', () => {
        shown[key] = !shown[key];
        button.setAttribute('aria-pressed', String(shown[key]));
        draw();
      });
    }
    get('legend').append(button);
  }
  function mark(colour, box, line) {
    const i = document.createElement('i');
    if (line) i.style.borderTopStyle = line;
    if (box) { i.className = 'box'; i.style.background = colour; } else i.style.borderColor = colour;
    return i;
  }
  function cross() {
    const i = document.createElement('i');
    i.className = 'cross';
    i.textContent = '\u00d7';
    return i;
  }
  const used = new Set([].concat(...frames.map((f) => f.paths.map((p) => p[0]))));
  legendItem('lobe', 'lobe of the best beam (20 dB deep)', mark(LOBE, true));
  if (turned) legendItem('boresight', 'boresight of the array', mark(LOBE, false, 'dotted'));
  KINDS.forEach((kind, k) => { if (used.has(k)) legendItem('path' + k, kind[0], mark(kind[1])); });
  legendItem(null, all ? 'served, in sight' : 'transmitter, in sight', mark(SERVED, true));
  if (frames.some((f) => f.served.some((s) => !s[3]))) legendItem(null, 'blocked', mark(BLOCKED, true));
  if (frames.some((f) => f.served.some((s) => s[8] !== null))) legendItem('fix', 'GNSS fix', cross());

  get('title').textContent = data.folder + ': ' + data.scene + ', episode ' + data.episode;
  document.title = data.folder + ', episode ' + data.episode;
  get('subtitle').textContent = data.carrier_ghz + ' GHz, ' + data.array + ' elements, ' + data.beams + ' beams (' + data.codebook +
    '), link ' + data.mode + (all ? ', power over all vehicles: ' + data.aggregate : '') + ', ' + data.rate_hz + ' samples a second';
  get('condition').textContent = data.condition;
  get('mapnote').textContent = 'the roadside unit looks up, ' + data.rsu_height_m.toFixed(1) + ' m high';
  get('cameranote').textContent = data.camera ? data.camera.width + ' \u00d7 ' + data.camera.height + ', ' + data.camera.field_of_view_deg + '\u00b0' : '';
  get('lidarnote').textContent = data.lidar ? data.lidar.kind + '; vehicles orange' : '';
  get('radarnote').textContent = !data.radar ? '' : data.radar.kind === 'cube' ? 'cube, what moves' : 'blue comes nearer, red goes away';
  get('powernote').textContent = (utility ? 'utility, dB' : 'dBm') + ', best in orange' + (data.measured ? '; line: without receiver noise' : '');
  get('coursenote').textContent = 'power of the best beam (blue), its index (orange)' + (frames.some((f) => !f.los) ? ', red: no line of sight' : '');
  get('slider').max = count - 1;
  const root = document.documentElement.style;
  root.setProperty('--window', String((right - left) / (high - low)));
  if (data.camera) root.setProperty('--picture', String(data.camera.width / data.camera.height));
  dark.addEventListener('change', drawSoon);
  new ResizeObserver(drawSoon).observe(get('map'));
  const asked = () => parseInt(location.hash.slice(1), 10);
  addEventListener('hashchange', () => { if (asked() >= 0) go(asked()); });
  go(asked() || 0);
}());
