extension Report {
    /// Colours by name for both schemes; categorical ones differ in lightness too, for those who do not see hues apart.
    static let style = """
        :root{--bg:#f6f6f3;--card:#fff;--ink:#1b1d20;--muted:#5d6269;--line:#e2e2dc;--blue:#2463c4;--orange:#c9590a;--violet:#7648c0;
        --teal:#0b8080;--green:#1b7a48;--red:#c22f3c;--amber:#936800;--grey:#8a8f96;--pink:#b3387f;--shadow:0 1px 2px #0001}
        @media(prefers-color-scheme:dark){:root{--bg:#131416;--card:#1c1e21;--ink:#e9e9e6;--muted:#a2a6ac;--line:#33363b;--blue:#74aaff;
        --orange:#ffa059;--violet:#b99cff;--teal:#4fcbc6;--green:#55cf8f;--red:#ff7f88;--amber:#e8bd45;--grey:#858a92;--pink:#ff8ac6;--shadow:none}}
        *{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
        "Noto Sans",sans-serif;font-variant-numeric:tabular-nums}
        header,main{max-width:1280px;margin:0 auto;padding:0 20px}header{padding-top:28px}main{padding-bottom:48px}
        header>div{display:flex;flex-wrap:wrap;align-items:center;gap:6px 14px}h1{font-size:26px;margin:0;overflow-wrap:anywhere}
        h2{font-size:18px;margin:34px 0 12px}h3{font-size:15px;margin:0}.facts{margin:6px 0 0;color:var(--muted)}.facts b{color:var(--ink)}
        .badge{padding:2px 10px;border-radius:99px;font-size:13px;font-weight:600;border:1px solid currentColor}
        .good{color:var(--green)}.bad{color:var(--red)}.warn{color:var(--amber)}
        .card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px;box-shadow:var(--shadow);margin:0;min-width:0}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(148px,1fr));gap:12px;margin-top:20px}
        .tile b{display:block;font-size:25px;line-height:1.2;font-weight:650}.tile span{display:block;margin-top:2px}
        .tile small,.remark,.unit,small{color:var(--muted);font-size:13px}.remark{margin:8px 0 0}
        .notice{border-left:4px solid var(--amber);background:var(--card);padding:10px 14px;margin:14px 0 0;border-radius:4px}
        .charts,.cards{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:14px;margin-top:12px}.wide{grid-column:1/-1}
        figcaption{display:flex;flex-wrap:wrap;align-items:baseline;gap:2px 10px;margin-bottom:8px}
        .legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 14px;margin:0 0 0 auto;padding:0;font-size:13px;color:var(--muted)}
        .legend.marks{margin:0}.legend li{display:flex;align-items:center;gap:6px}
        .key{display:inline-block;width:16px;height:0;border-top:3px solid var(--c,var(--grey));border-radius:2px;flex:none}
        .key.dotted{width:9px;height:9px;border:0;border-radius:50%;background:var(--c)}.key.old{border-top-style:dashed;border-top-width:2px}
        .key.compute,.key.wait,.key.data{width:11px;height:11px;border:0;background:var(--c)}
        .train{--c:var(--blue)}.validation{--c:var(--orange)}.rate{--c:var(--violet)}.gradient{--c:var(--teal)}.speed{--c:var(--green)}
        .c0{--c:var(--blue)}.c1{--c:var(--orange)}.c2{--c:var(--teal)}.c3{--c:var(--violet)}.c4{--c:var(--pink)}.c5{--c:var(--green)}
        .compute{--c:var(--blue)}.wait{--c:var(--amber)}.data{--c:var(--violet)}.count{--c:var(--blue)}
        .frame{margin-top:22px;display:grid;grid-template-columns:auto minmax(0,1fr);grid-template-rows:210px 20px}.wide .frame{grid-template-rows:270px 20px}
        .ylabels{position:relative;min-width:52px;margin-right:7px;font-size:12px;color:var(--muted)}
        .ylabels span{position:absolute;right:0;transform:translateY(50%);white-space:nowrap;line-height:1}
        .plot{position:relative;border-bottom:1px solid var(--grey);cursor:crosshair;touch-action:pan-y}
        .plot svg{position:absolute;inset:0;width:100%;height:100%;overflow:visible;display:block}
        .xlabels{grid-column:2;position:relative;font-size:12px;color:var(--muted)}
        .xlabels span{position:absolute;top:4px;transform:translateX(-50%);white-space:nowrap}
        .grid{stroke:var(--line);fill:none;vector-effect:non-scaling-stroke}
        .curve{fill:none;stroke:var(--c);vector-effect:non-scaling-stroke;stroke-linejoin:round;stroke-linecap:round;stroke-width:2}
        .curve.faint{stroke-width:1;opacity:.34}.curve.dotted{stroke-width:7}.curve.old{opacity:.5;stroke:var(--grey);stroke-width:1.3}
        .curve.line.validation{stroke-width:1.6}
        .mark{--c:var(--grey)}.rollback{--c:var(--red)}.skip{--c:var(--pink)}.mark.rate{--c:var(--violet)}.mark.clip{--c:var(--teal)}
        .mark.alarm{--c:var(--amber)}.mark.best{--c:var(--green)}.mark.stop{--c:var(--ink)}
        .plot .mark{position:absolute;top:-6px;bottom:0;width:0;border-left:1.5px dashed var(--c);opacity:.85}
        .plot .mark.best{border-left-color:transparent}
        .mark b{font:700 10px/15px system-ui,sans-serif;display:block;width:15px;height:15px;text-align:center;border-radius:4px;background:var(--c);
        color:var(--card)}.plot .mark b{position:absolute;left:-8px;top:-13px}.key.mark{width:15px;height:15px;border:0;margin-right:0}
        td .key.mark{margin-right:7px;vertical-align:-2px}
        .cross{position:absolute;top:0;bottom:0;width:0;border-left:1px solid var(--ink);display:none;pointer-events:none}
        .tip{position:absolute;top:8px;z-index:2;display:none;pointer-events:none;background:var(--card);border:1px solid var(--grey);border-radius:6px;
        padding:6px 9px;font-size:12px;line-height:1.45;max-width:min(340px,80%);width:max-content;box-shadow:0 2px 8px #0003}
        .tip i{display:inline-block;width:9px;height:9px;border-radius:2px;background:var(--c);margin-right:6px}
        table{border-collapse:collapse;width:100%;font-size:13.5px}th,td{padding:4px 10px 4px 0;text-align:right;vertical-align:top;font-weight:400}
        thead th{color:var(--muted);border-bottom:1px solid var(--line);font-size:12.5px}tbody tr+tr>*{border-top:1px solid var(--line)}
        th:first-child,.events td,.events th,td.bar{text-align:left}.events td:first-child{text-align:right;padding-right:16px}
        .events td:nth-child(2){white-space:nowrap}.events td:nth-child(3){width:60%;min-width:220px}.time{color:var(--muted)}
        tr.old td{opacity:.6}.scroll{overflow-x:auto}td.bar{width:55%;min-width:110px;padding-top:8px;white-space:nowrap;font-size:0}
        td.bar i{display:inline-block;height:11px;background:var(--c)}.ranks th small{margin-left:7px}.ranks td:not(.bar){white-space:nowrap}
        .classes{margin:8px 0}.classes th,.classes td{padding-top:1px;padding-bottom:1px;border:0!important}.classes td.bar{padding-top:6px}
        .verdict{margin:8px 0;color:inherit;display:flex;gap:8px}.verdict b{color:var(--green)}.verdict.warn b{color:var(--amber)}
        dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:3px 16px;margin:10px 0 0;font-size:13.5px}dt{color:var(--muted)}
        dd{margin:0;overflow-wrap:anywhere}details{margin-top:10px}summary{cursor:pointer;color:var(--blue)}
        pre{overflow-x:auto;font-size:12.5px;line-height:1.45;background:var(--bg);padding:12px;border-radius:6px}
        @media(max-width:860px){.charts,.cards{grid-template-columns:minmax(0,1fr)}}
        @media(max-width:560px){header,main{padding-left:12px;padding-right:12px}.tiles{grid-template-columns:1fr 1fr;gap:8px}.card{padding:12px}
        .tile b{font-size:21px}.legend{margin-left:0}.odd{display:none}.ylabels{min-width:44px}.wide .frame{grid-template-rows:220px 20px}
        .events td:nth-child(2){white-space:normal}.run dl{grid-template-columns:minmax(0,1fr)}.run dd{margin-bottom:6px}.time,.events th:last-child{display:none}}
        @media print{body{background:#fff}.card{break-inside:avoid}}
        """

    /// A line and a box that follow the pointer; everything else works without it.
    static let script = """
        const marks=JSON.parse(document.getElementById('marks').textContent);
        const esc=t=>{const e=document.createElement('i');e.textContent=t;return e.innerHTML};
        for(const plot of document.querySelectorAll('.plot')){
        const data=JSON.parse(plot.querySelector('script').textContent),cross=plot.querySelector('.cross'),tip=plot.querySelector('.tip');
        const hide=()=>{cross.style.display=tip.style.display='none'};
        plot.addEventListener('pointerleave',hide);
        plot.addEventListener('pointermove',e=>{
        const box=plot.getBoundingClientRect(),share=Math.min(1,Math.max(0,(e.clientX-box.left)/box.width)),x=share*LAST;
        let near=null;
        const rows=data.map(s=>{let best=null;for(const p of s.p)if(!best||Math.abs(p[0]-x)<Math.abs(best[0]-x))best=p;
        if(best&&(!near||Math.abs(best[0]-x)<Math.abs(near-x)))near=best[0];return best&&[s,best]}).filter(Boolean);
        if(near===null)return hide();
        const text=rows.map(([s,p])=>'<div><i class="'+s.c+'"></i>'+esc(s.n)+' <b>'+esc(p[1])+'</b>'+
        (Math.abs(p[0]-near)>LAST/200?' at '+p[0]:'')+'</div>');
        const said=marks.filter(m=>Math.abs(m[0]-x)<LAST*.008).slice(0,4).map(m=>'<div>'+esc(m[1])+'</div>');
        tip.innerHTML='<b>step '+near+'</b>'+text.join('')+said.join('');
        cross.style.display=tip.style.display='block';cross.style.left=near/LAST*100+'%';
        const right=share>.55;tip.style.left=right?'auto':'calc('+share*100+'% + 14px)';tip.style.right=right?'calc('+(1-share)*100+'% + 14px)':'auto';
        })}
        """
}
