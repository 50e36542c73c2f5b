/** How the pages of the guide look: on screens of any width, in light and dark, and on paper. */
export const guideStyle = `:root{color-scheme:light dark;--text:#1b2430;--dim:#56616e;--ground:#fff;--soft:#f5f7f9;
--line:#e1e6ec;--link:#1263b8;--mark:#fdf0db}
@media screen and (prefers-color-scheme:dark){:root{--text:#dfe5ec;--dim:#a0abb8;--ground:#161b22;--soft:#0e1217;
--line:#2a333e;--link:#79b4f5;--mark:#3a2b14}}
*{box-sizing:border-box}
html{scroll-padding-top:16px}
body{margin:0;background:var(--ground);color:var(--text);overflow-wrap:break-word;
font:15px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
a{color:var(--link);text-underline-offset:2px;text-decoration-thickness:1px}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
ul{padding-left:22px}
.skip{position:absolute;top:8px;left:8px;z-index:1;padding:8px 14px;border-radius:4px;background:var(--ground)}
.skip:not(:focus){left:-999px}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 32px;padding:12px 24px;
border-bottom:1px solid var(--line);background:var(--soft)}
header .app{display:inline-flex;align-items:center;gap:8px;color:var(--text);font-weight:650;text-decoration:none}
header ul{display:flex;flex-wrap:wrap;gap:2px 20px;margin:0;padding:0;list-style:none}
header li a{display:inline-block;padding:2px 0;border-bottom:2px solid transparent;text-decoration:none}
header li a:hover{text-decoration:underline}
header [aria-current]{border-color:currentColor;color:var(--text);font-weight:600}
.columns{display:flex;justify-content:center;gap:48px;padding:0 24px}
.middle{flex:1 1 0;min-width:0;max-width:940px}
.beside{flex:none;position:sticky;top:0;align-self:flex-start;width:248px;max-height:100vh;padding:30px 8px 24px 4px;
overflow-y:auto;font-size:14px;line-height:1.4}
.beside p{margin:0 0 6px;color:var(--dim);font-weight:600}
.beside ul,.folded ul{margin:0;padding:0;list-style:none}
.beside li>a,.folded li>a{display:inline-block;padding:4px 0;text-decoration:none}
.beside a:hover,.folded a:hover{text-decoration:underline}
.beside .codes,.folded .codes{display:flex;flex-wrap:wrap;gap:0 12px;margin:0 0 6px;padding-left:12px;
border-left:2px solid var(--line)}
.codes a{font-size:13px}
.folded{display:none;margin:16px 0 0;border:1px solid var(--line);border-radius:4px;background:var(--soft)}
.folded summary{padding:8px 12px;font-weight:600;cursor:pointer}
.folded ul{padding:0 12px 8px}
.folded .codes{padding-bottom:0}
main{padding:12px 0 48px}
main:focus{outline:none}
h1{margin:16px 0;font-size:28px;line-height:1.25}
h2{margin:44px 0 12px;padding-top:14px;border-top:1px solid var(--line);font-size:21px;line-height:1.3}
h3{margin:28px 0 8px;font-size:17px}h4{margin:22px 0 8px;font-size:15px}
code{font:0.9em ui-monospace,"Cascadia Mono","SF Mono",Menlo,Consolas,monospace}
pre{padding:12px;border:1px solid var(--line);border-radius:4px;background:var(--soft);overflow:auto}
.picture{display:block;margin:18px 0}
.picture img{display:block;width:auto;max-width:100%;height:auto;border:1px solid var(--line);border-radius:4px;
background:#fff}
@media screen and (prefers-color-scheme:dark){.picture img{filter:brightness(.88)}}
.table{margin:14px 0;overflow-x:auto}
table{border-collapse:collapse;min-width:560px;font-size:14px;line-height:1.5}
th,td{padding:7px 10px;border:1px solid var(--line);text-align:left;vertical-align:top}
th{background:var(--soft)}
td:first-child code{white-space:nowrap}
tr:target td{background:var(--mark)}
footer{margin-bottom:40px;padding-top:14px;border-top:1px solid var(--line);color:var(--dim);font-size:13px}
footer p{margin:4px 0}
.out{color:var(--dim)}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
@media screen and (max-width:1023px){.beside{display:none}.folded{display:block}}
@media screen and (max-width:640px){
header{padding:10px 16px}.columns{padding:0 16px}
h1{font-size:24px}h2{margin-top:36px;font-size:19px}
table{min-width:0}
table,tbody,tr,td{display:block}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tr{margin-bottom:12px;border:1px solid var(--line);border-radius:4px}
td{border:0}td:empty{display:none}td+td{padding-top:0}
td:first-child{border-bottom:1px solid var(--line);background:var(--soft)}td:first-child+td{padding-top:7px}
td:first-child code{white-space:normal}
td+td[data-label]:not(:nth-child(2):last-child)::before{content:attr(data-label);content:attr(data-label)/"";display:block;color:var(--dim);font-size:12px}
}
@media print{
body{font-size:11pt}.skip,header,.beside,.folded,footer{display:none}
.columns{display:block;padding:0}.middle{max-width:none}main{padding:0}
.table{overflow:visible}table{min-width:0;font-size:9pt}
h1,h2,h3,h4{break-after:avoid}tr,pre,.picture{break-inside:avoid}
a{color:inherit}main a[target]::after{content:" (" attr(href) ")"}
.out,main .hidden{display:none}
}`;
