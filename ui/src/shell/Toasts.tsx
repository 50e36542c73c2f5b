/** The messages at the foot of the page, read out as they come. */
import { Notice } from '../components/Notice';
import { hideToast, useToasts } from './toast';

export function Toasts() {
  const toasts = useToasts();
  return (
    <div className="app-toasts" aria-live="polite">
      {toasts.map((toast) => (
        <Notice
          key={toast.id}
          tone={toast.tone}
          title={toast.title}
          onClose={() => hideToast(toast.id)}
        >
          {toast.text}
        </Notice>
      ))}
    </div>
  );
}
