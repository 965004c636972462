//! Where the goods of orders are, and who can have them.

use super::scene::Scene;
use crate::model::OrderKind;

/// Where goods can be had that a courier has departed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Goods {
    /// Where they are: in the vehicle that was loaded with them. Only if it has broken down can others come and take them
    /// over. Orders that are not loaded yet can go with anybody who loads where they are.
    #[default]
    OnBoard,
    /// At the depot again, too: the same can be loaded there once more.
    AtDepot,
    /// Everywhere: couriers need nothing for an order that they do not have anyhow.
    Everywhere,
}

/// Where the goods of an order are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Nothing is needed.
    Anywhere,
    /// In the vehicle of the courier with this number, who goes on.
    OnBoard(usize),
    /// At one of the depots with these numbers; vehicles that have broken down are among them.
    At(Vec<usize>),
}

impl Scene<'_> {
    /// Where the goods of every order are; `vehicles` are the depots that vehicles which have broken down have become, by
    /// courier.
    pub(super) fn sources(&self, goods: Goods, vehicles: &[Option<usize>]) -> Vec<Source> {
        let stocking = |order: usize| {
            let names = &self.problem.orders[order].depots;
            let stocks = |depot: &usize| match names.is_empty() {
                true => !self.is_vehicle(*depot),
                false => names.contains(&self.problem.depots[*depot].id),
            };
            Source::At((0..self.problem.depots.len()).filter(stocks).collect())
        };
        let mut sources: Vec<Source> = (0..self.problem.orders.len()).map(stocking).collect();
        for (number, crew) in self.crews.iter().enumerate() {
            for &order in &crew.on_board {
                match (goods, vehicles[number]) {
                    (Goods::AtDepot, Some(vehicle)) => {
                        if let Source::At(depots) = &mut sources[order] {
                            depots.push(vehicle);
                        }
                    }
                    (_, Some(vehicle)) => sources[order] = Source::At(vec![vehicle]),
                    (Goods::AtDepot, None) => {}
                    (Goods::OnBoard | Goods::Everywhere, None) => {
                        sources[order] = Source::OnBoard(number);
                    }
                }
            }
        }
        for (order, source) in self.problem.orders.iter().zip(&mut sources) {
            if order.kind == OrderKind::Collection || goods == Goods::Everywhere {
                *source = Source::Anywhere;
            }
        }
        sources
    }
}
