//! Small pictures: a canvas that fits its element and draws in the page's own colours.

use leptos::prelude::window;
use leptos::wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement};

/// A canvas ready to be drawn on, in CSS pixels.
#[derive(Debug)]
pub struct Canvas {
    context: CanvasRenderingContext2d,
    element: HtmlCanvasElement,
    /// How wide it is.
    pub width: f64,
    /// How high it is.
    pub height: f64,
}

impl Canvas {
    /// The canvas in an element, cleared, as large as the element; none where it cannot be seen.
    #[must_use]
    pub fn of(holder: &HtmlElement) -> Option<Self> {
        let element: HtmlCanvasElement = holder.query_selector("canvas").ok()??.dyn_into().ok()?;
        let (width, height) = (f64::from(holder.client_width()), f64::from(holder.client_height()));
        if width < 1.0 || height < 1.0 {
            return None;
        }
        let ratio = window().device_pixel_ratio().clamp(1.0, 4.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size on a screen")]
        let px = |css: f64| (css * ratio).round() as u32;
        element.set_width(px(width));
        element.set_height(px(height));
        let context: CanvasRenderingContext2d = element.get_context("2d").ok()??.dyn_into().ok()?;
        drop(context.scale(ratio, ratio));
        Some(Self { context, element, width, height })
    }

    /// A colour of the style sheet, as the theme has it now.
    #[must_use]
    pub fn color(&self, token: &str) -> String {
        let style = self.element.style();
        drop(style.set_property("color", &format!("var({token})")));
        let computed = window().get_computed_style(&self.element).ok().flatten();
        let color = computed.and_then(|computed| computed.get_property_value("color").ok());
        drop(style.remove_property("color"));
        color.unwrap_or_default()
    }

    /// Draws with this colour from now on.
    pub fn ink(&self, color: &str) {
        drop(js_sys::Reflect::set(&self.context, &JsValue::from_str("fillStyle"), &JsValue::from_str(color)));
    }

    /// A filled rectangle.
    pub fn fill(&self, x: f64, y: f64, width: f64, height: f64) {
        self.context.fill_rect(x, y, width, height);
    }
}
